"""What may be in a model's requirements.txt."""

from __future__ import annotations

import pytest

from modelops.domain.errors import RequirementsError
from modelops.runtime.requirements import read_requirements, without_stand_ins

WHERE = "requirements.txt"


def test_names_versions_markers_and_comments() -> None:
    text = """\ufeff# what the model needs
scikit-learn==1.5.2   # pinned

pandas [parquet] >=2, \\
    <3
uvloop; sys_platform != "win32"
"""
    assert read_requirements(text, where=WHERE) == [
        "scikit-learn==1.5.2",
        "pandas[parquet]<3,>=2",
        'uvloop; sys_platform != "win32"',
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n"])
def test_nothing_is_asked_for(text: str) -> None:
    assert read_requirements(text, where=WHERE) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("-e .", "the option -e isn't allowed"),
        ("-r other.txt", "the option -r isn't allowed"),
        ("-c constraints.txt", "the option -c isn't allowed"),
        ("--index-url https://ada:secret@example.com/simple", "the option --index-url isn't allowed"),
        ("--extra-index-url=https://ada:secret@example.com/simple", "the option --extra-index-url isn't allowed"),
        ("-f /wheels", "the option -f isn't allowed"),
        ("--find-links /wheels", "the option --find-links isn't allowed"),
        ("six==1.16.0 --hash=sha256:00", "the option --hash isn't allowed"),
        ("six \\\n  --no-binary :all:", "the option --no-binary isn't allowed"),
        ("https://ada:secret@example.com/six.whl", "a path, a URL or a repository isn't allowed"),
        ("six @ https://ada:secret@example.com/six.whl", "a path, a URL or a repository isn't allowed"),
        ("git+ssh://git@example.com/six.git", "a path, a URL or a repository isn't allowed"),
        ("six @ git+https://example.com/six", "a path, a URL or a repository isn't allowed"),
        ("./six", "a path, a URL or a repository isn't allowed"),
        ("../six", "a path, a URL or a repository isn't allowed"),
        ("/wheels/six", "a path, a URL or a repository isn't allowed"),
        ("six-1.16.0-py3-none-any.whl", "a path, a URL or a repository isn't allowed"),
        ("six-1.16.0.tar.gz", "a path, a URL or a repository isn't allowed"),
        ("six @ file:six", "six is asked for from a path, a URL or a repository, which isn't allowed"),
    ],
)
def test_what_would_come_from_elsewhere_is_refused(line: str, what: str) -> None:
    with pytest.raises(RequirementsError) as refused:
        read_requirements(f"pandas\n\n{line}\n", where=WHERE)
    assert refused.value.what == what
    assert refused.value.where == "requirements.txt, line 3"
    assert "by name" in refused.value.expected
    assert "secret" not in str(refused.value)


def test_an_option_is_told_where_an_index_is_set() -> None:
    with pytest.raises(RequirementsError, match="whole installation"):
        read_requirements("--index-url https://example.com/simple", where=WHERE)


@pytest.mark.parametrize("line", ["scikit learn", "pandas=2", "pandas>=two", "1 + 1", "pandas; python"])
def test_what_is_no_requirement_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(RequirementsError) as refused:
        read_requirements(f"six\n{line}", where=WHERE)
    assert refused.value.what.startswith(f"{line!r} is not a requirement: ")
    assert "\n" not in refused.value.what
    assert refused.value.where == "requirements.txt, line 2"


def test_packages_that_have_a_stand_in_are_not_installed_and_what_they_bring_is() -> None:
    asked = ["numpy==1.26.4", "teradatamodelops==7.1.3", "TeradataML[all]>=17", "aoa==7.0.0", "tmo", "tmoo"]
    kept, left_out = without_stand_ins(asked)
    assert kept == ["numpy==1.26.4", "tmoo", "pandas"]
    assert left_out == ["teradatamodelops==7.1.3", "TeradataML[all]>=17", "aoa==7.0.0", "tmo"]
    assert without_stand_ins(["numpy"]) == (["numpy"], [])
