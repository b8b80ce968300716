import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { launchFailure } from '../../../src/adapters/supervisor/launch-failure.ts'

const runc = (message: string) =>
  `time="2026-11-24T10:00:00Z" level=warning msg="a warning"\ntime="2026-11-24T10:00:00Z" level=error msg="runc run failed: unable to start container process: ${message}"\n`

const words = (message: string) => {
  const { problem, exitCode, reason } = launchFailure(message)
  return `${reason} ${problem} ${exitCode}`
}

describe('what a runtime says when it could not start a process', () => {
  for (const message of [
    runc(String.raw`exec: \"nope\": executable file not found in $PATH`),
    runc(String.raw`exec: \"/nope\": stat /nope: no such file or directory`),
    runc(String.raw`exec: \"/etc/x/y\": stat /etc/x/y: not a directory`),
    'executable file `nope` not found in $PATH: No such file or directory',
    'open executable: No such file or directory',
  ])
    it(`means that the command was not found: ${message.trim().slice(-60)}`, () =>
      assert.equal(words(message), 'refused command-not-found 127'))

  for (const message of [
    runc(String.raw`exec: \"/etc/passwd\": permission denied`),
    runc(String.raw`exec: \"/etc\": is a directory`),
    runc(String.raw`exec: \"/bin/arm\": exec format error`),
    'open executable: Permission denied',
  ])
    it(`means that it cannot be executed: ${message.trim().slice(-60)}`, () =>
      assert.equal(words(message), 'refused command-not-executable 126'))

  for (const message of [
    runc(String.raw`chdir to cwd (\"/nodir\") set in config.json failed: no such file or directory`),
    runc(String.raw`chdir to cwd (\"/etc/passwd\") set in config.json failed: not a directory`),
    runc(String.raw`chdir to cwd (\"/root\") set in config.json failed: permission denied`),
    'chdir to `/nodir`: No such file or directory',
  ])
    it(`means that it cannot start there: ${message.trim().slice(-60)}`, () =>
      assert.equal(words(message), 'refused bad-working-dir 126'))

  for (const message of [
    runc(String.raw`error mounting \"/x\" to rootfs at \"/y\": stat /x: no such file or directory`),
    runc(String.raw`error during container init: error setting cgroup config: permission denied`),
    'container with given ID already exists',
    '',
  ])
    it(`means that the runtime failed: ${message.trim().slice(-60)}`, () =>
      assert.equal(words(message), 'refused runtime-failed 128'))

  it('may be different in a while', () =>
    assert.equal(
      words(runc('mkdir /sys/fs/cgroup/x: no space left on device')),
      'unavailable runtime-failed 128',
    ))

  it('is told without its time and quotes', () =>
    assert.equal(
      launchFailure(runc(String.raw`exec: \"nope\": executable file not found in $PATH`)).cause,
      'runc run failed: unable to start container process: exec: "nope": executable file not found in $PATH',
    ))
})
