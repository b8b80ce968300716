/** What a reason means: its status, its title, when it is given, and what to do. The pages in docs/problems are made of it. */
export type Words = Readonly<{ status: number; title: string; when: string; remedy: string }>

const words = (status: number, title: string, when: string, remedy: string): Words => ({
  status,
  title,
  when,
  remedy,
})

const again = 'Ask again in a moment; nothing was changed.'

/** Every reason there is, by what it is about. */
export const problemWords = {
  // The request.
  'invalid-request': words(
    400,
    'the request is not valid',
    'A field, a parameter or a header is missing, unknown, or not what it must be. `errors` names each of them.',
    'Correct what is named; `/v1/openapi.json` says what every request may contain.',
  ),
  'invalid-reference': words(
    400,
    'the image reference is not valid',
    'What was given as an image is neither a name (`alpine`, `ghcr.io/owner/app:1.0`) nor an id.',
    'Write the name as docker would take it.',
  ),
  'invalid-moment': words(
    400,
    'the moment cannot be read',
    '`at`, `since`, `until`, `after` or `before` is none of the accepted forms. `detail` lists them.',
    'Use one of the forms: `@1234`, an event id, RFC 3339, `2026-11-24 10:00`, `10m`, `now`, `boot`.',
  ),
  'route-not-found': words(
    404,
    'there is nothing at that path',
    'No route has that path.',
    'See `/v1/openapi.json` or `/docs` for all there are.',
  ),
  'method-not-allowed': words(
    405,
    'that cannot be asked with this method',
    'The path exists, but not for that method. The header `Allow` names those that it takes.',
    'Use one of the methods that `Allow` names.',
  ),
  'request-too-large': words(
    413,
    'the request is too large',
    'The body of a command is larger than 1 MiB, or the headers are larger than 16 KiB.',
    'Send less; large input goes to `/input`, which takes any amount.',
  ),
  'unsupported-media-type': words(
    415,
    'the body is of a type that is not understood',
    'Commands take `application/json`, input takes `application/octet-stream`.',
    'Send the right `Content-Type`.',
  ),
  'idempotency-key-reused': words(
    409,
    'the idempotency key belongs to another command',
    'The `Idempotency-Key` was given before, with another command or another body.',
    'Use a new key for a new command, and an old one only to repeat the very same.',
  ),

  // The history.
  'moment-not-found': words(
    404,
    'there was no such moment',
    'The position is beyond the end of the history, no event has that id, or the daemon was not started so often.',
    'See `shiplog events -n 20` for what there is.',
  ),
  'moment-ambiguous': words(
    400,
    'several events begin like that',
    'The beginning of an event id fits more than one event. `detail` names some.',
    'Give more characters of the id, or the position (`@1234`).',
  ),
  'event-not-found': words(
    404,
    'there is no such event',
    'No event has that position or id.',
    'See `shiplog events`.',
  ),
  'event-ambiguous': words(
    409,
    'several events begin like that',
    'The beginning of an id fits more than one event.',
    'Give more characters of the id, or the position (`@1234`).',
  ),
  'stream-not-found': words(
    404,
    'the stream has no events',
    'Nothing was ever recorded on that stream, or not by then.',
    'Streams are named `<category>-<node>/<namespace>/<id>`; an event says which it belongs to.',
  ),
  'operation-not-found': words(
    404,
    'there is no such operation',
    'No command with that id recorded anything, or not by then. One that changed nothing leaves no trace.',
    'See the header `Location` of the answer to the command.',
  ),
  'read-models-behind': words(
    503,
    'the read models are behind the log',
    'The moment that was asked for is recorded, but lists and details have not seen it yet.',
    again,
  ),
  'unreadable-history': words(
    500,
    'the history cannot be read',
    'An event of the log is not what any version of shiplog writes. Nothing was decided on it.',
    'Look at the event that `detail` names; start a daemon of the version that wrote it.',
  ),
  'store-unavailable': words(
    503,
    'the log cannot take it now',
    'The log cannot be reached or written (a full disk, a server that is down). Nothing was recorded, so nothing was done.',
    'Make room or bring the server back; then ask again.',
  ),
  'version-conflict': words(
    503,
    'too many changes at once',
    'Others changed the same subject faster than the command could be decided, several times in a row.',
    again,
  ),

  // Images.
  'image-not-found': words(
    404,
    'there is no such image',
    'No image here has that name or id; or, in answer to a pull, the registry has none.',
    'Pull it first (`shiplog pull NAME`), or see `shiplog images`.',
  ),
  'image-ambiguous': words(
    409,
    'it may be one of several images',
    'The beginning of an id fits several images, or the image to remove has several names.',
    'Give more of the id, or the name that is meant.',
  ),
  'image-in-use': words(
    409,
    'containers use the image',
    'The last name of an image was to be removed, and containers were made from it.',
    'Remove the containers first, or use force to take only the name away; what containers need stays.',
  ),
  'platform-not-found': words(
    404,
    'the image is not there for that platform',
    'The registry has the image, but not for the operating system and architecture that were asked for.',
    'Ask for another platform (`--platform linux/amd64`).',
  ),
  'registry-unauthorized': words(
    401,
    'the registry wants other credentials',
    'The registry refused the credentials, or wants some. Registries often say this of an image that does not exist.',
    'Check the name, then log in (`docker login REGISTRY`) and pull again.',
  ),
  'registry-unreachable': words(
    502,
    'the registry cannot be reached',
    'No connection could be made, or it broke and could not be resumed, after several tries.',
    'Check the network and the name of the registry; a registry without TLS must be listed in `insecure-registries`.',
  ),
  'registry-refused': words(
    502,
    'the registry refused',
    'The registry answered with an error of its own.',
    'See `detail` for what it said.',
  ),
  'registry-protocol': words(
    502,
    'the registry does not speak the protocol',
    'What came back is not what the OCI distribution protocol says.',
    'Check that the name is that of a registry; see `detail`.',
  ),
  'digest-mismatch': words(
    502,
    'the content is not what it should be',
    'What was downloaded does not have the digest it was asked for by. It was thrown away.',
    'Pull again; if it stays so, the registry or something on the way changes content.',
  ),
  'size-mismatch': words(
    502,
    'the content is not as long as it should be',
    'What was downloaded is longer or shorter than its descriptor says. It was thrown away.',
    'Pull again; if it stays so, the image is broken.',
  ),
  'too-large': words(
    502,
    'a document of the image is too large',
    'A manifest, index or configuration is larger than any honest one.',
    'Do not use the image.',
  ),
  'pull-failed': words(
    500,
    'the image could not be pulled',
    'The content came, but could not be kept or unpacked here. `failure` says which step and why.',
    'See `failure`; often the disk is full, or a layer is broken.',
  ),
  'pull-id-taken': words(409, 'the pull id is in use', 'Two pulls were given one id.', again),
  'pull-not-requested': words(
    409,
    'nobody asked for that pull',
    'Something was told about a pull that does not exist.',
    'This is a fault of ours: please report it.',
  ),

  // Containers.
  'container-not-found': words(
    404,
    'there is no such container',
    'No container has that name, id or beginning of an id; or it was removed, and something was asked of it.',
    'See `shiplog ps -a`, or `shiplog ps --removed`: a removed container can still be read about.',
  ),
  'container-ambiguous': words(
    409,
    'several containers begin like that',
    'The beginning of an id fits more than one container.',
    'Give more characters of the id, or the name.',
  ),
  'container-name-taken': words(
    409,
    'the name is in use',
    'Another container that is still there has the name.',
    'Remove it, or choose another name.',
  ),
  'container-id-taken': words(409, 'the container id is in use', 'Two containers were given one id.', again),
  'container-not-running': words(
    409,
    'the container does not run',
    'What was asked for needs a container that runs.',
    'Start it first: `shiplog start CONTAINER`.',
  ),
  'container-running': words(
    409,
    'the container runs',
    'A container that runs is not removed without force.',
    'Stop it first, or use force: `shiplog rm -f CONTAINER`.',
  ),
  'container-paused': words(
    409,
    'the container is paused',
    'What was asked for needs a container whose processes go on.',
    'Let it go on first: `shiplog unpause CONTAINER`.',
  ),
  'container-not-paused': words(
    409,
    'the container is not paused',
    'Only what is paused can go on.',
    'Nothing is to be done.',
  ),
  'container-busy': words(
    409,
    'the container is busy with another change',
    'It is being created, started, paused or renamed, and what was asked for has to wait for that.',
    again,
  ),
  'container-being-removed': words(
    409,
    'the container is being removed',
    'Its removal was asked for already.',
    'Make a new one.',
  ),
  'container-removed': words(
    409,
    'the container was removed meanwhile',
    'Somebody removed the container before what was asked for was done.',
    '`shiplog why CONTAINER` says who.',
  ),
  'container-create-failed': words(
    422,
    'the container could not be created',
    'A bind source is missing, a user is unknown, an option is not possible here, or the disk is full. `failure` says which. The container is removed again.',
    'Correct what `failure` names.',
  ),
  'container-start-failed': words(
    422,
    'the container could not be started',
    'The command does not exist (`exitCode` 127) or cannot be executed (126), or the runtime failed (128). `failure` says why.',
    'Correct the command; `shiplog why CONTAINER` has the whole story.',
  ),
  'signal-failed': words(
    409,
    'the signal could not be sent',
    'The runtime would not or could not deliver the signal. `failure` says why.',
    'See `failure`.',
  ),
  'pause-failed': words(
    409,
    'the container could not be paused or go on',
    'The runtime could not freeze or thaw it. `failure` says why.',
    'See `failure`.',
  ),
  'input-closed': words(
    409,
    'the standard input is closed',
    'The process was started without standard input, or has closed it.',
    'Start it with `-i`.',
  ),
  'output-not-kept': words(
    404,
    'the output is not kept any more',
    'The process left no output, or what it left was removed to keep within the budget.',
    'The exit and the history stay: `shiplog why CONTAINER`.',
  ),

  // Processes in containers.
  'exec-not-found': words(
    404,
    'there is no such process',
    'No process that was started with exec has that id.',
    'The answer to `exec-container` has the id as its subject.',
  ),
  'exec-id-taken': words(409, 'the exec id is in use', 'Two processes were given one id.', again),
  'exec-start-failed': words(
    422,
    'the process could not be started',
    'The command does not exist (`exitCode` 127) or cannot be executed (126), the user is unknown, or the container ended. `failure` says which.',
    'Correct the command.',
  ),

  // What containers and images are made of.
  'blob-not-found': words(
    404,
    'there is no such blob',
    'No content has that digest, or not by then.',
    'See `GET /v1/content`.',
  ),
  'snapshot-not-found': words(
    404,
    'there is no such snapshot',
    'No snapshot has that key, or not by then.',
    'See `GET /v1/snapshots`.',
  ),
  'bundle-not-found': words(
    404,
    'there is no such bundle',
    'No container has a bundle by that id, or not by then.',
    'See `GET /v1/bundles`.',
  ),
  'no-room': words(
    507,
    'the disk is full',
    'The disk of the root has less than 16 MiB left, or that of the state less than 1 MiB, or either has no inodes left. What is left is kept for what has to end; nothing new is begun.',
    'Remove containers and images, or make room by other means. No restart is needed.',
  ),
  'projection-not-found': words(
    404,
    'there is no such projection',
    'No read model has that name.',
    'The names are in the `detail`.',
  ),

  'internal-error': words(
    500,
    'a fault of ours',
    'Something happened that nobody thought of. The log of the daemon has the details.',
    'Please report it, with what the daemon logged.',
  ),
} as const satisfies Readonly<Record<string, Words>>

export type Reason = keyof typeof problemWords
