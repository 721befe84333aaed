import { Autocomplete, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Direction, MapScope } from '#dual-write/facets-control.ts'
import type { MapStatus } from '../../../wire.ts'
import { useWords } from '../../lib/messages.tsx'
import { copiesQuery } from '../queries.ts'

/** A part of a map: one legal entity, one direction, or both. Nothing chosen means all of it. */
export function ScopeFields(props: { map: MapStatus; scope: MapScope; change: (scope: MapScope) => void }) {
  const { t } = useWords()
  const { map, scope, change } = props
  const copies = useQuery(copiesQuery(map.name, false)).data ?? []
  const companies = [...new Set(copies.map((part) => part.company))].filter((company) => company !== '')
  const directions = (['toErp', 'toPortal'] as const).filter((one) => map.carries[one])
  return (
    <>
      {companies.length > 0 && (
        <Autocomplete
          label={t('scope.company')}
          description={t('scope.companyHelp')}
          data={companies}
          value={scope.company ?? ''}
          onChange={(company) => change({ ...scope, company: company.trim() === '' ? undefined : company.trim() })}
        />
      )}
      {directions.length > 1 && (
        <Select
          label={t('scope.direction')}
          data={[
            { value: 'both', label: t('direction.both') },
            ...directions.map((value) => ({ value, label: t(`direction.${value}`) })),
          ]}
          value={scope.direction ?? 'both'}
          onChange={(value) => change({ ...scope, direction: value === 'both' ? undefined : (value as Direction) })}
          allowDeselect={false}
        />
      )}
    </>
  )
}

/** 'usmf, to the ERP'; empty for all of a map. */
export function scopeText(
  scope: { company?: string | null | undefined; direction?: Direction | null | undefined },
  t: Words['t'],
) {
  return [scope.company, scope.direction && t(`direction.${scope.direction}`)].filter(Boolean).join(', ')
}

type Words = ReturnType<typeof useWords>
