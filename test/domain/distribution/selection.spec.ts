import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OCI_MANIFEST } from '../../../src/domain/distribution/manifest.ts'
import { normalized, platformText, runsOn, select } from '../../../src/domain/distribution/selection.ts'
import type { Platform } from '../../../src/domain/kernel/descriptor.ts'
import { blob } from '../../support/examples.ts'

const platform = (text: string): Platform => {
  const [os = '', architecture = '', variant = ''] = text.split('/')
  return { os, architecture, variant }
}

const image = (n: number, text: string | null, mediaType = OCI_MANIFEST) => ({
  descriptor: { ...blob(n), mediaType },
  platform: text === null ? null : platform(text),
})

describe('a platform', () => {
  const spellings: ReadonlyArray<readonly [string, string]> = [
    ['linux/amd64', 'linux/amd64'],
    ['Linux/x86_64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v2', 'linux/amd64/v2'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/8', 'linux/arm64'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/arm/5', 'linux/arm/v5'],
    ['linux/i386', 'linux/386'],
  ]
  for (const [written, meant] of spellings)
    it(`${written} is ${meant}`, () => assert.equal(platformText(normalized(platform(written))), meant))

  const runs: ReadonlyArray<readonly [built: string, on: string, boolean]> = [
    ['linux/amd64', 'linux/amd64', true],
    ['linux/amd64/v3', 'linux/amd64', false],
    ['linux/amd64/v2', 'linux/amd64/v3', true],
    ['linux/386', 'linux/amd64', true],
    ['linux/arm64/v8', 'linux/arm64', true],
    ['linux/arm/v7', 'linux/arm64', true],
    ['linux/arm/v6', 'linux/arm/v7', true],
    ['linux/arm/v7', 'linux/arm/v6', false],
    ['linux/arm64', 'linux/amd64', false],
    ['windows/amd64', 'linux/amd64', false],
    ['unknown/unknown', 'linux/amd64', false],
    ['/', 'linux/amd64', true],
    ['linux/', 'linux/arm64', true],
  ]
  for (const [built, on, answer] of runs)
    it(`${built} ${answer ? 'runs' : 'does not run'} on ${on}`, () =>
      assert.equal(runsOn(platform(built), platform(on)), answer))
})

describe('an image of an index', () => {
  const chosen = (on: string, ...entries: ReadonlyArray<ReturnType<typeof image>>) => {
    const descriptor = select(entries, platform(on))
    return descriptor === null ? null : entries.findIndex(entry => entry.descriptor === descriptor)
  }

  it('is the one for the platform', () =>
    assert.equal(
      chosen('linux/arm64', image(1, 'linux/amd64'), image(2, 'linux/arm64/v8'), image(3, 'linux/arm')),
      1,
    ))
  it('is the best that runs there', () =>
    assert.equal(chosen('linux/arm64', image(1, 'linux/arm/v6'), image(2, 'linux/arm/v7')), 1))
  it('is the first where several are as good', () =>
    assert.equal(chosen('linux/amd64', image(1, 'linux/amd64'), image(2, 'linux/amd64')), 0))
  it('is none where there is none', () => assert.equal(chosen('linux/s390x', image(1, 'linux/amd64')), null))
  it('is never an attestation, nor what is not an image', () => {
    assert.equal(chosen('linux/amd64', image(1, 'unknown/unknown'), image(2, 'linux/amd64')), 1)
    assert.equal(chosen('linux/amd64', image(1, 'linux/amd64', 'text/plain')), null)
  })
  it('may be one that says nothing, where no other suits', () => {
    assert.equal(chosen('linux/amd64', image(1, null), image(2, 'linux/386')), 1)
    assert.equal(chosen('linux/amd64', image(1, null), image(2, 'linux/arm')), 0)
  })
})
