import { Button, Field, HStack, Stack, Text, Textarea } from "@chakra-ui/react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FC, type ReactNode, useState } from "react";

import { dagAddress, runAddress } from "../addresses";
import {
  actOnModel,
  type ModelAction,
  type ModelActionBody,
  type ModelPage,
  type ProductionOfModel,
  type Version,
} from "../api/client";
import { Confirm } from "../parts/Confirm";
import { Choice } from "../parts/Fields";
import { RouterLink } from "../parts/RouterLink";
import { useTexts } from "../texts/language";
import { objectOf } from "./hyperparameters";

const DEPLOYABLE: ReadonlySet<string> = new Set(["approved", "deployed"]);
const EVALUATED: ReadonlySet<string> = new Set(["trained", "imported", "evaluated", "approved", "deployed"]);

type Accepted = { label: string; run_id: string; dag_id: string };
type DialogProps = { model: ModelPage; versions: Version[]; close: () => void; accepted: (taken: Accepted) => void };

/** The actions that the person may take on the model. */
export const ModelActions: FC<{ model: ModelPage; versions: Version[] }> = ({ model, versions }) => {
  const own = useTexts().model;
  const [chosen, setChosen] = useState<ModelAction | null>(null);
  const [taken, setTaken] = useState<Accepted | null>(null);
  const labels = { ...own.actions, train: model.kind === "model" ? own.actions.train : own.actions.import };
  const possible = model.actions.filter((action) => action === "train" || numbersFor(action, versions).length > 0);
  const close = () => setChosen(null);
  const props = { model, versions, close, accepted: setTaken };
  return (
    <Stack gap={2} align="flex-start">
      {possible.length > 0 && (
        <HStack gap={2} wrap="wrap">
          {possible.map((action) => (
            <Button
              key={action}
              size="sm"
              variant="outline"
              colorPalette="brand"
              onClick={() => {
                setTaken(null);
                setChosen(action);
              }}
            >
              {labels[action]}
            </Button>
          ))}
        </HStack>
      )}
      {model.imported && <RouterLink to={dagAddress("byom_lifecycle")}>{own.actions.importFile}</RouterLink>}
      {taken !== null && <Taken taken={taken} />}
      {chosen === "train" && <Train {...props} />}
      {(chosen === "evaluate" || chosen === "deploy") && <OfVersion {...props} action={chosen} />}
    </Stack>
  );
};

const Taken: FC<{ taken: Accepted }> = ({ taken }) => {
  const texts = useTexts();
  return (
    <Text fontSize="sm" role="status">
      {texts.model.accepted(taken.label)} <RouterLink to={runAddress(taken)}>{texts.dagRun}</RouterLink>
    </Text>
  );
};

/** The numbers of the versions that an action is possible with, newest first. */
const numbersFor = (action: ModelAction, versions: Version[]): number[] =>
  versions
    .filter(({ status }) => (action === "deploy" ? DEPLOYABLE : EVALUATED).has(status))
    .map(({ number }) => number);

type RequestProps = {
  model: ModelPage;
  action: ModelAction;
  label: string;
  subject: string;
  consequence: string;
  body: Partial<ModelActionBody> | null;
  close: () => void;
  accepted: (taken: Accepted) => void;
  children?: ReactNode;
};

/** Asks for confirmation, and requests the action. Without a body it can't be confirmed. */
const Request: FC<RequestProps> = ({ model, action, label, subject, consequence, body, close, accepted, children }) => {
  const texts = useTexts();
  const known = useQueryClient();
  const request = useMutation({
    mutationFn: () => actOnModel(model.kind, model.model, action, body ?? {}),
    onSuccess: async (run) => {
      accepted({ label, ...run });
      close();
      await known.invalidateQueries();
    },
  });
  return (
    <Confirm
      title={texts.model.question(label, subject)}
      consequence={consequence}
      label={label}
      palette="brand"
      close={close}
      request={request}
      disabled={body === null}
    >
      {children}
    </Confirm>
  );
};

const Train: FC<DialogProps> = ({ model, close, accepted }) => {
  const own = useTexts().model;
  const [typed, setTyped] = useState(JSON.stringify(model.hyperparameters ?? {}, null, 2));
  const [target, setTarget] = useState(model.deployments[0]?.target ?? "");
  const parsed = objectOf(typed);
  const isModel = model.kind === "model";
  const label = isModel ? own.actions.train : own.actions.import;
  const body = parsed === null ? null : { hyperparameters: parsed, target: target === "" ? null : target };
  return (
    <Request
      model={model}
      action="train"
      label={label}
      subject={model.model}
      consequence={isModel ? own.consequences.train : own.consequences.import}
      body={isModel ? body : {}}
      close={close}
      accepted={accepted}
    >
      {isModel && (
        <>
          <Field.Root invalid={parsed === null}>
            <Field.Label>{own.hyperparameters}</Field.Label>
            <Textarea
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              rows={8}
              fontFamily="mono"
              spellCheck={false}
            />
            <Field.HelperText>{own.hyperparametersOf}</Field.HelperText>
            <Field.ErrorText>{own.notAnObject}</Field.ErrorText>
          </Field.Root>
          <Target model={model} target={target} set={setTarget} />
        </>
      )}
    </Request>
  );
};

const Target: FC<{ model: ModelPage; target: string; set: (target: string) => void }> = ({ model, target, set }) => {
  const own = useTexts().model;
  return model.deployments.length === 0 ? null : (
    <Choice
      label={own.forTarget}
      value={target}
      set={set}
      options={[
        ...model.deployments.map((one): [string, string] => [one.target, one.target]),
        ["", own.ownTarget] as [string, string],
      ]}
    />
  );
};

const OfVersion: FC<DialogProps & { action: "evaluate" | "deploy" }> = (props) => {
  const { model, versions, action, close, accepted } = props;
  const own = useTexts().model;
  const numbers = numbersFor(action, versions);
  const [number, setNumber] = useState(String(numbers[0] ?? ""));
  const [target, setTarget] = useState(model.deployments[0]?.target ?? "");
  const deploys = action === "deploy";
  return (
    <Request
      model={model}
      action={action}
      label={own.actions[action]}
      subject={`${model.model} v${number}`}
      consequence={own.consequences[action]}
      body={{ version: Number(number), ...(deploys && target !== "" ? { target } : {}) }}
      close={close}
      accepted={accepted}
    >
      <HStack gap={3} wrap="wrap">
        <Choice
          label={own.version}
          value={number}
          set={setNumber}
          options={numbers.map((each) => [String(each), `v${String(each)}`])}
        />
        {deploys && <Target model={model} target={target} set={setTarget} />}
      </HStack>
    </Request>
  );
};

/** Deploys the version before again, on the terms of the deployment that replaced it. */
export const RollBack: FC<{ model: ModelPage; deployment: ProductionOfModel }> = ({ model, deployment }) => {
  const own = useTexts().model;
  const [asking, setAsking] = useState(false);
  const [taken, setTaken] = useState<Accepted | null>(null);
  const { previous, target } = deployment;
  if (previous === null) return "–";
  const label = previous < deployment.version ? own.rollBackTo(previous) : own.deployAgain(previous);
  return (
    <Stack gap={1} align="flex-start">
      <Button size="xs" variant="outline" colorPalette="brand" onClick={() => setAsking(true)}>
        {label}
      </Button>
      {taken !== null && <Taken taken={taken} />}
      {asking && (
        <Request
          model={model}
          action="deploy"
          label={label}
          subject={`${model.model} → ${target}`}
          consequence={own.consequences.rollBack}
          body={{ version: previous, target }}
          close={() => setAsking(false)}
          accepted={setTaken}
        />
      )}
    </Stack>
  );
};
