import { Fault } from '../fault';
import type { ZipArchive } from '../bytes/zip';
import { say, type Message } from '../../../shared/words/message';

const PYTHON = say`load it in Python and save its weights with torch.save or safetensors`;
const ORBAX_ADVICE = say`restore it in Python with orbax.checkpoint and save the parameters with flax.serialization.to_bytes or safetensors.flax`;
const TENSORFLOW = say`load the model in Python and save its weights by name, with numpy.savez or safetensors`;

interface Mark {
  readonly magic: readonly number[];
  /** Where in the file; the beginning if absent. */
  readonly at?: number;
  readonly is: Message;
  readonly advice: Message;
}

/** Formats known by their first bytes that are not read. */
const MARKS: readonly Mark[] = [
  { magic: ascii('ustar'), at: 257, is: say`it is a tar archive`, advice: PYTHON },
  {
    magic: [0x1f, 0x8b],
    is: say`it is packed with gzip`,
    advice: say`unpack it with gunzip first`,
  },
  {
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    is: say`it is packed with zstd`,
    advice: say`unpack it with unzstd first`,
  },
  { magic: ascii('TFL3'), at: 4, is: say`it is a TensorFlow Lite model`, advice: TENSORFLOW },
  {
    magic: ascii('BZh'),
    is: say`it is packed with bzip2`,
    advice: say`unpack it with bunzip2 first`,
  },
  {
    magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0],
    is: say`it is packed with xz`,
    advice: say`unpack it with unxz first`,
  },
  {
    magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c],
    is: say`it is a 7z archive`,
    advice: say`unpack it first`,
  },
  {
    magic: ascii('version https://git-lfs'),
    is: say`it is a Git LFS pointer and not the file itself`,
    advice: say`fetch the file with \`git lfs pull\``,
  },
  {
    magic: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59],
    is: say`it is a single array without a name`,
    advice: say`save the weights by name, with numpy.savez`,
  },
  {
    magic: ascii('model_checkpoint_path:'),
    is: say`it is the index of TensorFlow checkpoints`,
    advice: TENSORFLOW,
  },
];

function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

/** Folders known by what is in them that are not read. */
const FOLDERS: readonly { readonly has: RegExp; readonly is: Message; readonly advice: Message }[] =
  [
    { has: /^saved_model\.pb(txt)?$/, is: say`it is a TensorFlow SavedModel`, advice: TENSORFLOW },
    {
      has: /^(_CHECKPOINT_METADATA|manifest\.ocdbt|_METADATA|ocdbt\.process_\d+|commit_success\.txt)$/,
      is: say`it is a checkpoint of Orbax (JAX)`,
      advice: ORBAX_ADVICE,
    },
    {
      has: /\.data-\d{5}-of-\d{5}$/,
      is: say`it holds a TensorFlow checkpoint`,
      advice: TENSORFLOW,
    },
    {
      has: /^zero_pp_rank_\d+_mp_rank_\d+_model_states\.pt$/,
      is: say`it is a checkpoint under ZeRO-3 of DeepSpeed, where each rank has a piece of every weight`,
      advice: say`run \`python zero_to_fp32.py . joined\` in the folder above it, where DeepSpeed has put that file, and open what it writes`,
    },
    {
      has: /\.distcp$/,
      is: say`it holds parts of a distributed checkpoint without its .metadata`,
      advice: say`copy the whole folder again, hidden files too`,
    },
  ];

/** Says what a folder is that is no checkpoint Basin reads. @param names of what is in it. */
export function otherFolder(names: readonly string[]): Fault {
  const known = FOLDERS.find(({ has }) => names.some((each) => has.test(each)));
  if (known !== undefined) return new Fault('unsupported', known.is, known.advice);
  return new Fault('invalid', say`it is a folder`, say`name one of the files in it`);
}

/**
 * Says what a file is that is no checkpoint Basin reads, and how to convert it.
 *
 * @param name the file's name.
 * @param size bytes of the file.
 * @param head first bytes of the file.
 * @param tail its last eight bytes.
 */
export function otherFormat(name: string, size: number, head: Uint8Array, tail: Uint8Array): Fault {
  for (const { magic, at = 0, is, advice } of MARKS) {
    if (magic.every((byte, i) => head[at + i] === byte)) {
      return new Fault('unsupported', is, advice);
    }
  }
  const text = new TextDecoder().decode(head).trimStart();
  if (/^(<!doctype html|<html|<head|<!--|<\?xml|<Error>)/i.test(text)) return webPage();
  if (ORBAX.test(name)) return orbaxFile();
  if (text.startsWith('{')) return otherJson();
  if (isTensorFlow(name, tail)) {
    return new Fault('unsupported', say`it is part of a TensorFlow checkpoint`, TENSORFLOW);
  }
  if (name === 'saved_model.pb' || isSavedModel(head)) {
    return new Fault('unsupported', say`it is the graph of a TensorFlow SavedModel`, TENSORFLOW);
  }
  if (isCutSafetensors(size, head)) {
    return new Fault('damaged', say`its header announces more bytes than it has`);
  }
  return new Fault(
    'unsupported',
    say`it is no format Basin knows`,
    say`use a PyTorch, safetensors or npz file`,
  );
}

/** Files in a folder of Orbax. */
const ORBAX = /^(_CHECKPOINT_METADATA|manifest\.ocdbt|_METADATA|_sharding|array_metadatas?)$/;

function orbaxFile(): Fault {
  return new Fault(
    'unsupported',
    say`it is part of a checkpoint of Orbax (JAX), which is a folder`,
    ORBAX_ADVICE,
  );
}

/** What a download leaves that was answered with a page: a login, an error, a consent. */
function webPage(): Fault {
  return new Fault(
    'unsupported',
    say`it is a web page and not the file it is named after: the download was answered with a page`,
    say`open it in a browser to see what it says, and download the file again`,
  );
}

/** A protobuf whose field 1 (`saved_model_schema_version`) is 1, followed by field 2, the graph. */
function isSavedModel(head: Uint8Array): boolean {
  return head[0] === 0x08 && head[1] === 0x01 && head[2] === 0x12;
}

/** A file that ends within the length of a safetensors header, or right behind it. */
function isCutSafetensors(size: number, head: Uint8Array): boolean {
  if (size !== 8 || head.length !== 8) return false;
  const view = new DataView(head.buffer, head.byteOffset);
  return view.getBigUint64(0, true) <= 100_000_000n;
}

/** Names a pickle that torch.save did not write, by what its first bytes mention. */
export function otherPickle(head: Uint8Array): Fault {
  const found = knownPickle(head);
  return new Fault(
    'unsupported',
    found?.is ?? say`it is a plain Python pickle, and not written by torch.save`,
    found?.advice ?? say`load it in Python and save its weights with torch.save`,
  );
}

/** Whether a pickle is of a library that says more about it than that it is one. */
export function isKnownPickle(head: Uint8Array): boolean {
  return knownPickle(head) !== undefined;
}

function knownPickle(head: Uint8Array) {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  return PICKLES.find(({ mentions }) => mentions.test(text));
}

const PICKLES = [
  {
    mentions: /joblib\.numpy_pickle/,
    is: say`it is a joblib file, such as scikit-learn’s estimators are kept in`,
    advice: say`load it with joblib.load and save its arrays by name, with numpy.savez`,
  },
  {
    mentions: /jaxlib|jax\._src|flax\.|haiku\./,
    is: say`it is a pickle of JAX arrays`,
    advice: say`save the parameters by name, with numpy.savez or safetensors.flax`,
  },
] as const;

/** As `otherFormat`, for a zip archive that is neither PyTorch's nor NumPy's. */
export function otherZip(): Fault {
  return new Fault(
    'unsupported',
    say`it is a zip archive without weights of PyTorch or NumPy`,
    PYTHON,
  );
}

/** TorchScript and torch.export keep code beside the weights. */
export function isTorchScript(archive: ZipArchive): boolean {
  return archive
    .entries()
    .some(({ name }) => /^[^/]+\/(constants\.pkl|code\/|archive_format)/.test(name));
}

function otherJson(): Fault {
  return new Fault('unsupported', say`it is JSON and no checkpoint`, say`name a file of weights`);
}

/** Last eight bytes of a TensorFlow `.index`: a table's magic number, as in LevelDB. */
const TABLE_MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];

function isTensorFlow(name: string, tail: Uint8Array): boolean {
  // The data has no mark of its own; its name has.
  return TABLE_MAGIC.every((byte, i) => tail[i] === byte) || /\.data-\d{5}-of-\d{5}$/.test(name);
}
