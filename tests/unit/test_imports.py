"""There are no circular imports, type-checking imports included."""

from __future__ import annotations

import grimp


def test_there_are_no_circles_between_modules() -> None:
    graph = grimp.build_graph("modelops", exclude_type_checking_imports=False)
    imports = {module: sorted(graph.find_modules_directly_imported_by(module)) for module in sorted(graph.modules)}
    while leaves := {module for module, others in imports.items() if not set(others) & imports.keys()}:
        imports = {module: others for module, others in imports.items() if module not in leaves}
    assert imports == {}
