import { Select } from '@mantine/core'
import type { MapStatus } from '../../wire.ts'
import { useMaps } from '../lib/maps.ts'
import { useWords } from '../lib/messages.tsx'

/** One map of all, found by its title; empty means all of them where that makes sense. */
export function MapSelect(props: {
  label: string
  map: string | undefined
  choose: (map: string) => void
  placeholder: string
  /** In a form its label stands above it; a filter needs none that is seen. */
  inForm?: boolean
  only?: (map: MapStatus) => boolean
}) {
  const { language } = useWords()
  const maps = useMaps().data?.maps ?? []
  const choices = maps
    .filter(props.only ?? (() => true))
    .map((map) => ({ value: map.name, label: map.title }))
    .sort((a, b) => a.label.localeCompare(b.label, language))
  return (
    <Select
      {...(props.inForm ? { label: props.label } : { 'aria-label': props.label })}
      placeholder={props.placeholder}
      data={choices}
      value={props.map ?? null}
      onChange={(value) => props.choose(value ?? '')}
      searchable
      clearable
    />
  )
}
