import { Anchor, type AnchorProps, Button, type ButtonProps, NavLink, type NavLinkProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { AnchorHTMLAttributes, Ref } from 'react'

type Rest = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'color' | 'style' | 'href'> & { ref?: Ref<HTMLAnchorElement> }

/** Links of the router in Mantine's clothes. */
export const TextLink = createLink((props: AnchorProps & Rest) => <Anchor {...props} />)
export const ButtonLink = createLink((props: ButtonProps & Rest) => <Button component="a" {...props} />)
export const MenuLink = createLink((props: NavLinkProps & Rest) => <NavLink component="a" {...props} />)
