import { Alert, Loader, Stack, Text } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { AnonymousGain, Difference, DraftProblem } from '../../wire-security.ts'
import { useWords } from '../lib/messages.tsx'
import { LoadFailure } from '../parts/states.tsx'

/** Who gains and loses what, counted; what anybody would gain stands first and in red. */
export function Effect({ query }: { query: UseQueryResult<Difference, Error> }) {
  const { t } = useWords()
  return (
    <div aria-live="polite" aria-busy={query.isFetching}>
      {query.isFetching && (
        <Text size="sm" c="dimmed">
          <Loader size={14} aria-hidden="true" /> {t('rules.counting')}
        </Text>
      )}
      {query.isError && !query.isFetching && <LoadFailure error={query.error} retry={query.refetch} />}
      {query.data !== undefined && !query.isFetching && <Told difference={query.data} />}
    </div>
  )
}

export function Told({ difference }: { difference: Difference }) {
  const { t, language } = useWords()
  if (difference.kind === 'invalid') return <Problems problems={difference.problems} />
  const { lines, anonymous } = difference
  if (lines.length === 0 && anonymous.length === 0) return <Text size="sm">{t('rules.same')}</Text>
  return (
    <Stack gap="sm">
      {anonymous.length > 0 && <AnonymousGains gains={anonymous} />}
      <ul className="effect plain-list">
        {lines.map((line) => (
          <li
            key={`${JSON.stringify(line.who)} ${line.table} ${line.privilege} ${line.columns?.join() ?? ''}`}
            className={line.who.kind === 'anonymous' ? 'effect-anybody' : line.who.kind === 'role' ? 'effect-role' : undefined}
          >
            {line.says[language]}
          </li>
        ))}
      </ul>
    </Stack>
  )
}

export function AnonymousGains({ gains }: { gains: AnonymousGain[] }) {
  const { t } = useWords()
  return (
    <Alert color="red" title={t('rules.anonymousTitle')} className="judgement">
      <ul className="plain-list">
        {gains.map((gain) => (
          <li key={JSON.stringify(gain)}>
            <Text size="sm">
              {t('rules.anonymousLine', {
                privilege: gain.privilege,
                table: gain.table,
                columns: gain.columns.join(', '),
                permission: gain.permission ?? gain.file,
              })}
            </Text>
          </li>
        ))}
      </ul>
    </Alert>
  )
}

/** What stops a draft, with the place in the file; choosing one leads there. */
export function Problems({ problems, onOpen }: { problems: DraftProblem[]; onOpen?: (problem: DraftProblem) => void }) {
  const { t } = useWords()
  return (
    <Alert color="orange" title={t('rules.problems', { count: problems.length })} className="judgement" role="alert">
      <ul className="plain-list">
        {problems.map((problem) => {
          const place =
            problem.line === null
              ? problem.file
              : t('rules.problemAt', { file: problem.file, line: problem.line, column: problem.column ?? 1 })
          return (
            <li key={`${place} ${problem.message}`}>
              {onOpen === undefined || problem.file === '' ? (
                <Text span size="sm" className="mono">
                  {place}
                </Text>
              ) : (
                <button type="button" className="linklike mono" onClick={() => onOpen(problem)}>
                  {place}
                </button>
              )}{' '}
              <Text span size="sm">
                {problem.message}
              </Text>
            </li>
          )
        })}
      </ul>
    </Alert>
  )
}
