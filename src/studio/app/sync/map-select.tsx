import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { MapStatus } from '../../wire.ts'
import { mapsQuery } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'

/** One map of all, found by its title; empty means all of them where that makes sense. */
export function MapSelect(props: {
  label: string
  map: string | undefined
  choose: (map: string) => void
  placeholder: string
  only?: (map: MapStatus) => boolean
}) {
  const { language } = useWords()
  const maps = useQuery(mapsQuery).data?.maps ?? []
  const choices = maps
    .filter(props.only ?? (() => true))
    .map((map) => ({ value: map.name, label: map.title }))
    .sort((a, b) => a.label.localeCompare(b.label, language))
  return (
    <Select
      aria-label={props.label}
      placeholder={props.placeholder}
      data={choices}
      value={props.map ?? null}
      onChange={(value) => props.choose(value ?? '')}
      searchable
      clearable
    />
  )
}

/** What a map is called, by its name. */
export function useMapTitles(): (name: string) => string {
  const maps = useQuery(mapsQuery).data?.maps
  return (name) => maps?.find((map) => map.name === name)?.title ?? name
}
