import { Badge, Box, Code, Heading, HStack, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";

import { dagAddress, jobAddress, runAddress } from "../addresses";
import { type Alert, type AlertRule, type Alerts, getAlerts } from "../api/client";
import { Answer } from "../parts/Answer";
import { DataTable } from "../parts/DataTable";
import { Moment } from "../parts/Moment";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { Section } from "../parts/Section";
import { useFormats, useTexts } from "../texts/language";
import { Changes } from "./Changes";
import { DeploymentLinks } from "./DeploymentLinks";

const SECONDS = 30;
/** A state is never told by its colour alone. */
const PALETTES: Record<Alert["state"], string> = { firing: "red", resolved: "green", ended: "gray" };
/** The DAGs that change rules. */
const CHANGES = [
  ["set", "alert_rule"],
  ["end", "alert_rule_end"],
  ["snooze", "alert_snooze"],
] as const;

/** The alert rules of a deployment, the alerts that they have raised, and who has snoozed them. */
export const AlertsPage: FC<{ deployment: string }> = ({ deployment }) => {
  const texts = useTexts();
  const query = useQuery({
    queryKey: ["alerts", deployment],
    queryFn: ({ signal }) => getAlerts(deployment, signal),
    refetchInterval: SECONDS * 1000,
  });
  return (
    <Answer query={query}>
      {(found) => (
        <Stack gap={6}>
          <Heading as="h2" size="md">
            {texts.alerts.of(`${found.model} v${String(found.version)}`, found.target)}
          </Heading>
          <DeploymentLinks deployment={found.deployment} kind={found.kind} current="alerts" />
          <Section title={texts.alerts.title}>
            {found.alerts.length > 0 ? <Raised found={found} /> : <Notice text={texts.alerts.none} />}
          </Section>
          <Section title={texts.alerts.rules}>
            {found.rules.length > 0 ? <Rules rules={found.rules} /> : <Notice text={texts.alerts.noRules} />}
            {found.ended_at === null && (
              <HStack gap={4} flexWrap="wrap" marginTop={2}>
                {CHANGES.map(([change, dag]) => (
                  <RouterLink key={change} to={dagAddress(dag)}>
                    {texts.alerts[change]}
                  </RouterLink>
                ))}
              </HStack>
            )}
            <Text color="fg.muted" marginTop={2}>
              {texts.alerts.about}
            </Text>
          </Section>
        </Stack>
      )}
    </Answer>
  );
};

const Raised: FC<{ found: Alerts }> = ({ found }) => {
  const { alerts: texts, drift, intervals } = useTexts();
  const formats = useFormats();
  const rules = new Map(found.rules.map((rule) => [rule.id, rule]));
  return (
    <>
      <DataTable
        label={texts.title}
        rows={found.alerts}
        keyOf={({ id }) => id}
        columns={[
          { title: texts.state, show: (alert) => <AlertState alert={alert} /> },
          {
            title: texts.rule,
            show: ({ rule_id }) => {
              const rule = rules.get(rule_id);
              return <Box minWidth="11rem">{rule ? <RuleText rule={rule} /> : String(rule_id)}</Box>;
            },
          },
          {
            title: texts.changed,
            show: ({ found: changes, statement }) => (
              <Stack gap={1} minWidth="22rem">
                <Changes changes={changes} />
                <details>
                  <summary>{drift.inSql}</summary>
                  <Code as="pre" whiteSpace="pre-wrap" overflowWrap="anywhere" padding={2}>
                    {statement}
                  </Code>
                </details>
              </Stack>
            ),
          },
          {
            title: texts.batch,
            show: ({ interval_start: start, interval_end: end, job_id, metric }) => (
              <Stack gap={0} align="flex-start">
                <Text>
                  {start === null || end === null
                    ? intervals.ever
                    : `${formats.moment(start)} – ${formats.moment(end)}`}
                </Text>
                <RouterLink to={jobAddress(job_id)}>{metric ? texts.measurement : texts.check}</RouterLink>
              </Stack>
            ),
          },
          {
            title: texts.notifications,
            show: ({ notifications }) => <SentNotifications notifications={notifications} />,
          },
          {
            title: texts.challengers,
            show: ({ challengers }) => (
              <Stack gap={0} fontSize="sm" align="flex-start">
                {challengers.map((run) => (
                  <RouterLink key={run.run_id} to={runAddress(run)}>
                    <Moment at={run.requested_at} />
                  </RouterLink>
                ))}
                {challengers.length === 0 && <Text>–</Text>}
              </Stack>
            ),
          },
        ]}
      />
      {found.more && <Text color="fg.muted">{texts.more}</Text>}
    </>
  );
};

const AlertState: FC<{ alert: Alert }> = ({ alert }) => {
  const texts = useTexts().alerts;
  return (
    <Stack gap={0} align="flex-start" fontSize="sm">
      <Badge variant="surface" colorPalette={PALETTES[alert.state]} data-alert={alert.state}>
        {texts.states[alert.state]}
      </Badge>
      <Text>
        {`${texts.raised} `}
        <Moment at={alert.fired_at} />
      </Text>
      {alert.resolved_at !== null && alert.resolved_by !== null && (
        <Text>
          {`${texts.resolved} `}
          <RouterLink to={jobAddress(alert.resolved_by)}>
            <Moment at={alert.resolved_at} />
          </RouterLink>
        </Text>
      )}
    </Stack>
  );
};

const SentNotifications: FC<{ notifications: Alert["notifications"] }> = ({ notifications }) => {
  const texts = useTexts().alerts;
  if (notifications.length === 0) return <Text color="fg.muted">{texts.nobody}</Text>;
  return (
    <Stack gap={0} fontSize="sm">
      {notifications.map(({ event, notifier, sent_at }) => (
        <Text key={`${event} ${notifier} ${sent_at}`} title={notifier}>
          {`${texts.states[event]}, ${notifier.split(".").at(-1) ?? notifier}, `}
          <Moment at={sent_at} />
        </Text>
      ))}
    </Stack>
  );
};

/** When a rule raises an alert, in words. */
const RuleText: FC<{ rule: AlertRule }> = ({ rule }) => {
  const { alerts: texts, performance, statistics } = useTexts();
  const formats = useFormats();
  const {
    subject,
    variable,
    metric,
    level,
    below,
    above,
    checks,
    beyond_natural,
    challenger_dataset,
    cool_down_days,
    most_a_month,
  } = rule;
  const named = performance.metric(metric ?? "", variable);
  const what = variable === null ? texts.any[subject] : `${texts.one[subject] ?? subject} ${variable}`;
  const said =
    subject === "metric"
      ? [below === null ? texts.above(named, formats.number(above ?? 0)) : texts.below(named, formats.number(below))]
      : [texts.drift(what ?? subject, statistics.verdicts[level ?? ""] ?? String(level))];
  if (subject !== "metric" && beyond_natural) said.push(texts.beyondNatural);
  if (checks > 1) said.push(texts.inARow(checks));
  if (challenger_dataset !== null) {
    const days = cool_down_days ?? 0;
    said.push(texts.starts(most_a_month ?? 0), texts.apart(days, formats.number(days)));
  }
  return <Text overflowWrap="anywhere">{`#${String(rule.id)} ${said.join(", ")}`}</Text>;
};

const Rules: FC<{ rules: AlertRule[] }> = ({ rules }) => {
  const texts = useTexts().alerts;
  return (
    <DataTable
      label={texts.rules}
      rows={rules}
      keyOf={({ id }) => id}
      columns={[
        { title: texts.rule, show: (rule) => <RuleText rule={rule} /> },
        { title: texts.state, show: (rule) => <RuleState rule={rule} /> },
        {
          title: texts.setBy,
          show: ({ set_by, set_at, job_id }) => (
            <Stack gap={0} fontSize="sm" align="flex-start">
              <Text>{set_by}</Text>
              <RouterLink to={jobAddress(job_id)}>
                <Moment at={set_at} />
              </RouterLink>
            </Stack>
          ),
        },
      ]}
    />
  );
};

const RuleState: FC<{ rule: AlertRule }> = ({ rule }) => {
  const texts = useTexts().alerts;
  const formats = useFormats();
  const { is_open, alert_id, snoozed_until, snoozed_by, snooze_reason } = rule;
  if (!is_open) return <Text color="fg.muted">{texts.ruleEnded}</Text>;
  return (
    <Stack gap={0} align="flex-start" fontSize="sm">
      {alert_id === null ? (
        <Text>{texts.quiet}</Text>
      ) : (
        <Badge variant="surface" colorPalette="red">
          {texts.states.firing}
        </Badge>
      )}
      {snoozed_until !== null && <Text>{texts.snoozed(formats.moment(snoozed_until), snoozed_by ?? "")}</Text>}
      {snoozed_until !== null && snooze_reason !== null && <Text color="fg.muted">{snooze_reason}</Text>}
    </Stack>
  );
};
