import { Button, Field, HStack, Stack, Textarea } from "@chakra-ui/react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FC, useState } from "react";

import { runAddress } from "../addresses";
import { act, type Action, type JobStatus, type WholeJob } from "../api/client";
import { Confirm } from "../parts/Confirm";
import { inWords } from "../parts/failures";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { useTexts } from "../texts/language";

export const ACTION_PALETTES: Record<Action, string> = {
  stop: "red",
  retry: "brand",
  run_now: "brand",
  approve: "green",
  reject: "red",
};
const DECISIONS: ReadonlySet<Action> = new Set<Action>(["approve", "reject"]);

/** The actions that the user may perform on the job now. The server decides which, and refuses all others. */
export const Actions: FC<{ job: WholeJob }> = ({ job }) => {
  const texts = useTexts();
  const [chosen, setChosen] = useState<Action | null>(null);
  const [taken, setTaken] = useState<{ action: Action; status: JobStatus; runId: string } | null>(null);
  // Until the ledger has the result of an action, no other action is offered.
  const pending = taken !== null && taken.status === job.status && taken.action !== "run_now";
  return (
    <Stack gap={2}>
      <HStack gap={2} wrap="wrap">
        {job.actions.map((action) => (
          <Button
            key={action}
            disabled={pending}
            size="sm"
            variant={action === "approve" ? "solid" : "outline"}
            colorPalette={ACTION_PALETTES[action]}
            onClick={() => setChosen(action)}
          >
            {texts.actions[action]}
          </Button>
        ))}
      </HStack>
      {job.refusal !== null && <Notice text={inWords(job.refusal, texts) ?? job.refusal.detail} />}
      {taken !== null && (pending || taken.runId !== job.run_id) && (
        <HStack>
          <Notice text={texts.taken(texts.actions[taken.action])} />
          {taken.runId !== job.run_id && (
            <RouterLink to={runAddress({ ...job, run_id: taken.runId })}>{texts.dagRun}</RouterLink>
          )}
        </HStack>
      )}
      {chosen !== null && (
        <Ask
          key={chosen}
          job={job}
          action={chosen}
          close={() => setChosen(null)}
          taken={(runId) => setTaken({ action: chosen, status: job.status, runId })}
        />
      )}
    </Stack>
  );
};

/** What a dialog needs of a job; of an approval the request that was shown. */
export type Actionable = Pick<WholeJob, "id" | "type" | "subject"> & { request: { digest: string } | null };

type AskProps = { job: Actionable; action: Action; close: () => void; taken: (runId: string) => void };

/** A dialog with the consequence of an action and, for a decision, the comment. */
export const Ask: FC<AskProps> = ({ job, action, close, taken }) => {
  const texts = useTexts();
  const known = useQueryClient();
  const [comment, setComment] = useState("");
  // The evidence that the user has seen; if it has changed since, the server refuses the decision.
  const [shown] = useState(job.request?.digest);
  const decides = DECISIONS.has(action);
  const request = useMutation({
    mutationFn: () =>
      act(job.id, action, {
        comment: comment.trim() === "" ? null : comment,
        evidence: decides ? shown : null,
      }),
    onSuccess: async (asked) => {
      taken(asked.run_id);
      close();
      await known.invalidateQueries();
    },
  });
  const label = texts.actions[action];
  const lacksReason = action === "reject" && comment.trim() === "";
  return (
    <Confirm
      title={texts.question(label, `${texts.types[job.type]} · ${job.subject}`)}
      consequence={texts.consequences[action]}
      label={label}
      palette={ACTION_PALETTES[action]}
      close={close}
      request={request}
      disabled={lacksReason}
    >
      {decides && (
        <Field.Root required={action === "reject"}>
          <Field.Label>{action === "reject" ? texts.commentRequired : texts.comment}</Field.Label>
          <Textarea value={comment} onChange={(event) => setComment(event.currentTarget.value)} rows={3} />
        </Field.Root>
      )}
    </Confirm>
  );
};
