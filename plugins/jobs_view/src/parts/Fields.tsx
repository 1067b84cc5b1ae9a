import { Field, Input, NativeSelect } from "@chakra-ui/react";
import { type FC, type ReactNode, useEffect, useState } from "react";

const TYPED_MS = 400;

/** A field under its label. */
export const Labelled: FC<{ label: string; children: ReactNode }> = ({ label, children }) => (
  <Field.Root width="auto">
    <Field.Label fontSize="xs" color="fg.muted">
      {label}
    </Field.Label>
    {children}
  </Field.Root>
);

/** A text filter that takes effect when typing pauses. */
export const TextFilter: FC<{ label: string; value: string; set: (value: string) => void; hint?: string }> = (
  props,
) => {
  const { label, value, set, hint } = props;
  const [typed, setTyped] = useState<string | null>(null);
  useEffect(() => {
    if (typed === null) {
      return;
    }
    const timer = setTimeout(() => {
      set(typed);
      setTyped(null);
    }, TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed, set]);
  return (
    <Labelled label={label}>
      <Input
        size="sm"
        type="search"
        maxLength={250}
        placeholder={hint}
        value={typed ?? value}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
    </Labelled>
  );
};

type ChoiceProps = {
  label: string;
  value: string;
  set: (value: string) => void;
  options: [value: string, label: string][];
};

/** One of several values. */
export const Choice: FC<ChoiceProps> = ({ label, value, set, options }) => (
  <Labelled label={label}>
    <NativeSelect.Root size="sm" maxWidth="100%">
      <NativeSelect.Field value={value} onChange={(event) => set(event.currentTarget.value)}>
        {options.map(([each, shown]) => (
          <option key={each} value={each}>
            {shown}
          </option>
        ))}
      </NativeSelect.Field>
      <NativeSelect.Indicator />
    </NativeSelect.Root>
  </Labelled>
);
