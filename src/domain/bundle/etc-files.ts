/** A container's /etc/hosts. Its own name is an address of its own loopback, so that programs that look themselves up find it. */
export const hostsFile = (hostname: string): string => {
  const short = hostname.split('.')[0] ?? hostname
  const names = short === hostname ? hostname : `${hostname} ${short}`
  return [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'ff00::0\tip6-mcastprefix',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
    `127.0.1.1\t${names}`,
    '',
  ].join('\n')
}

export const hostnameFile = (hostname: string): string => `${hostname}\n`
