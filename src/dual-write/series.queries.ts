import type { Tx } from '#postgres/database.ts'
import type { Direction } from './facets-control.ts'

/** `map` is empty for all maps together. */
export type Settled = { map: string; direction: Direction; settled: number; spans: readonly number[] }

/** Adds to the figures of the minute, all of them in one statement. */
export async function addSettled(tx: Tx, atMs: number, figures: readonly Settled[]): Promise<void> {
  await tx`
    insert into dual_write.series as s (at, map, direction, settled, spans)
    select date_trunc('minute', to_timestamp(${atMs}::numeric / 1000)), v.map, v.direction, v.settled, string_to_array(v.spans, ',')::int[]
      from unnest(${figures.map((one) => one.map)}::text[], ${figures.map((one) => one.direction)}::text[],
                  ${figures.map((one) => one.settled)}::bigint[], ${figures.map((one) => one.spans.join(','))}::text[])
           as v(map, direction, settled, spans)
    on conflict (map, direction, at) do update
       set settled = s.settled + excluded.settled,
           spans = array(select coalesce(u.a, 0) + coalesce(u.b, 0) from unnest(s.spans, excluded.spans) with ordinality as u(a, b, n) order by n)`
}

export type SeriesRow = { at: string; direction: Direction; settled: number; spans: number[] }

/** Oldest first. */
export function listSeries(tx: Tx, of: { map: string; sinceMs: number; rowsMax: number }): Promise<SeriesRow[]> {
  return tx<SeriesRow>`
    select at, direction, settled, spans from dual_write.series
     where map = ${of.map} and at >= date_trunc('minute', to_timestamp(${of.sinceMs}::numeric / 1000))
     order by at, direction limit ${of.rowsMax}`
}

export type Rate = { map: string; direction: Direction; perMinute: number }

/** Settled in the last minute: this minute's, and of the one before as much as lies within sixty seconds. */
export function listRates(tx: Tx, nowMs: number): Promise<Rate[]> {
  return tx<Rate>`
    with moment as (select to_timestamp(${nowMs}::numeric / 1000) as now)
    select map, direction,
           round(sum(case when at = date_trunc('minute', now) then settled
                          else settled * (60 - extract(second from now)) / 60 end))::int as "perMinute"
      from dual_write.series, moment
     where at >= date_trunc('minute', now) - interval '1 minute' and at <= now and map <> ''
     group by map, direction`
}

/** Minutes before `minutesUntilMs` become hours; hours before `hoursUntilMs` go. */
export async function condenseSeries(tx: Tx, until: { minutesUntilMs: number; hoursUntilMs: number }): Promise<void> {
  await tx`delete from dual_write.series where at < to_timestamp(${until.hoursUntilMs}::numeric / 1000)`
  await tx`
    with gone as (
      delete from dual_write.series
       where at < date_trunc('hour', to_timestamp(${until.minutesUntilMs}::numeric / 1000)) and at <> date_trunc('hour', at)
      returning at, map, direction, settled, spans
    ), counted as (
      select date_trunc('hour', at) as at, map, direction, n, sum(count)::int as count
        from gone, unnest(spans) with ordinality as u(count, n) group by 1, 2, 3, 4
    ), hours as (
      select date_trunc('hour', g.at) as at, g.map, g.direction, sum(g.settled)::bigint as settled,
             (select array_agg(c.count order by c.n) from counted c
               where c.at = date_trunc('hour', min(g.at)) and c.map = g.map and c.direction = g.direction) as spans
        from gone g group by date_trunc('hour', g.at), g.map, g.direction
    )
    insert into dual_write.series as s (at, map, direction, settled, spans)
    select at, map, direction, settled, coalesce(spans, '{}') from hours
    on conflict (map, direction, at) do update
       set settled = s.settled + excluded.settled,
           spans = array(select coalesce(u.a, 0) + coalesce(u.b, 0) from unnest(s.spans, excluded.spans) with ordinality as u(a, b, n) order by n)`
}

export async function putBeat(tx: Tx, direction: Direction, roundTripMs: number): Promise<void> {
  await tx`
    insert into dual_write.beat (direction, at, round_trip_ms) values (${direction}, clock_timestamp(), ${Math.round(roundTripMs)})
    on conflict (direction) do update set at = excluded.at, round_trip_ms = excluded.round_trip_ms`
}

export function listBeats(tx: Tx): Promise<{ direction: Direction; at: string; roundTripMs: number }[]> {
  return tx<{
    direction: Direction
    at: string
    roundTripMs: number
  }>`select direction, at, round_trip_ms as "roundTripMs" from dual_write.beat`
}
