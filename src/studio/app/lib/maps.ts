import { type UseQueryResult, useQuery } from '@tanstack/react-query'
import type { Picture } from '../../wire.ts'
import { mapsQuery } from './api.ts'
import { useWords } from './messages.tsx'

/** All maps as they are now, each under its title in the reader's language. */
export function useMaps(): UseQueryResult<Picture, Error> {
  const { language } = useWords()
  return useQuery({ ...mapsQuery, select: language === 'fr' ? inFrench : asTold })
}

/** What a map is called, by its name. */
export function useMapTitles(): (name: string) => string {
  const maps = useMaps().data?.maps
  return (name) => maps?.find((map) => map.name === name)?.title ?? name
}

function inFrench(picture: Picture): Picture {
  return { ...picture, maps: picture.maps.map((map) => ({ ...map, title: map.titleFr ?? map.title })) }
}

function asTold(picture: Picture): Picture {
  return picture
}
