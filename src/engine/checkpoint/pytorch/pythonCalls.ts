import { PickleGlobal } from './pickleValue';

/**
 * What Python would do with the names in a pickle.
 *
 * Basin imports and calls nothing, whatever a file names: what has no meaning here is carried as a
 * name. No list of dangerous functions can be complete, so three things are told apart. Names that
 * every checkpoint may have say nothing. Whatever else Python would call is named in a warning. And a
 * file that names one of the commands below, for which no checkpoint has a use, is refused.
 */

/** Errors, statuses, results: what has no use but to be looked at, in modules of commands. */
const DATA =
  /(Error|Exception|Warning|Expired|Status|_result|Family|Kind|Flag|Flags|Info|Result)$|^(CompletedProcess|PathLike|PIPE|STDOUT|DEVNULL|error|timeout)$/;

/** Modules and packages of which every function acts on the machine or runs code. */
const ACTING_MODULES = new Set([
  ...['subprocess', '_posixsubprocess', 'pty', 'popen2', 'commands', 'ctypes', '_ctypes', 'cffi'],
  ...['runpy', 'imp', 'pdb', 'bdb', 'timeit', 'pip', 'ensurepip', 'idlelib', 'doctest', 'pydoc'],
  ...['shutil', 'socket', '_socket', 'socketserver', 'requests', 'aiohttp', 'ftplib', 'smtplib'],
  ...[
    'imaplib',
    'telnetlib',
    'xmlrpc',
    'webbrowser',
    'cProfile',
    'profile',
    'trace',
    'code',
    'venv',
  ],
  ...['http.client', 'http.server', 'urllib.request', 'importlib.util', 'importlib.machinery'],
  ...['importlib._bootstrap', 'importlib._bootstrap_external', 'zipimport', 'shelve', '_winreg'],
]);

/** Functions of the operating system's modules that change something or start something. */
const ACTS_ON_SYSTEM =
  /^(system|popen\w*|exec\w+|spawn\w+|posix_spawnp?|startfile|fork(pty)?|kill(pg)?|abort|_exit|remove|unlink|rmdir|removedirs|renames?|replace|truncate|ftruncate|putenv|unsetenv|l?chmod|l?chown|symlink|link|mkfifo|mknod|open|fdopen|write|sendfile|dup2?|chroot|set\w*[ug]id|plock)$/;

const ACTING_NAMES = new Set(
  [
    ...['eval', 'exec', 'execfile', 'compile', 'open', 'file', 'input', 'raw_input', '__import__'],
    ...['breakpoint', 'apply', 'reload'],
  ]
    .map((name) => `builtins.${name}`)
    .concat([
      ...['torch.load', 'torch.serialization.load', 'torch.storage._load_from_bytes'],
      ...['torch.jit.load', 'torch.hub.load', 'torch.hub.load_state_dict_from_url'],
      ...['torch.utils.cpp_extension.load', 'torch.utils.cpp_extension.load_inline'],
      ...[
        'numpy.load',
        'joblib.load',
        'io.open',
        '_io.open',
        'io.FileIO',
        '_io.FileIO',
        'io.open_code',
      ],
      ...['pickle.loads', 'pickle.load', 'pickle.Unpickler', '_pickle.loads', '_pickle.load'],
      ...['_pickle.Unpickler', 'pickle._loads', 'pickle._load', 'pickle._Unpickler'],
      ...['cloudpickle.loads', 'cloudpickle.load', 'dill.loads', 'dill.load', 'marshal.loads'],
      ...['marshal.load', 'importlib.import_module', 'importlib.reload', 'importlib.__import__'],
      ...['asyncio.create_subprocess_shell', 'asyncio.create_subprocess_exec', 'platform.popen'],
      ...['sys.exit', 'sys.setprofile', 'sys.settrace', 'sys.addaudithook', 'os.startfile'],
      ...['pathlib.Path.write_text', 'pathlib.Path.write_bytes', 'pathlib.Path.unlink'],
    ]),
);

const SYSTEM_MODULES = new Set(['os', 'posix', 'nt', 'posix2']);

/** Whether naming it is reason enough to refuse a file: it runs a command, or code that is given. */
export function isCommand({ module, name }: PickleGlobal): boolean {
  if (actsByName(module, name)) return true;
  // A dotted name reaches what its module has imported: `os.system` in `torch.serialization`.
  const parts = name.split('.');
  return parts.some((_, i) => i > 0 && actsByName(parts.slice(i - 1, -1).join('.'), parts.at(-1)!));
}

function actsByName(module: string, name: string): boolean {
  const last = name.slice(name.lastIndexOf('.') + 1);
  if (SYSTEM_MODULES.has(module)) return ACTS_ON_SYSTEM.test(last);
  if (ACTING_NAMES.has(`${module}.${name}`)) return true;
  const packages = module.split('.');
  const acts = packages.some((_, i) => ACTING_MODULES.has(packages.slice(0, i + 1).join('.')));
  return acts && !DATA.test(last);
}

/**
 * Whether a function that a file only comes by when it is opened, as an attribute of something else,
 * has a name that leaves no doubt.
 */
export function isCommandAttribute(name: string): boolean {
  return /^(system|popen\w*|exec\w*|spawn\w*|posix_spawnp?|eval|compile|__import__|import_module|load_module|exec_module|check_(call|output)|getoutput|loads)$/i.test(
    name,
  );
}

/** Packages whose classes are made by nearly every checkpoint and do nothing when they are. */
const USUAL = [
  /^torch\.(nn|optim|_utils|_tensor|storage|serialization|distributed\.(checkpoint|_shard|tensor|_tensor))(\.|$)/,
  /^torch\.(Size|device|dtype|Tensor|\w*Storage|Generator|utils\.data\.dataset\.\w+)$/,
  /^(numpy|numpy\.core\.multiarray|numpy\._core\.multiarray|numpy\.core\.numeric|numpy\._core\.numeric)\.(scalar|_reconstruct|dtype|ndarray|_frombuffer|core\.multiarray\.\w+)$/,
  /^numpy\.(dtypes|random\._pickle|random)\./,
  /^collections\.(OrderedDict|defaultdict|Counter|deque)$/,
  /^builtins\.(dict|list|set|frozenset|tuple|object|int|float|bool|str|bytes|bytearray|complex|slice|range)$/,
  /^(argparse\.Namespace|copyreg\._reconstructor|_codecs\.encode|types\.SimpleNamespace)$/,
  /^(pathlib|pathlib\._local)\.(Pure)?(Posix|Windows)?Path$/,
  /^(datetime|_pydatetime|uuid|decimal|fractions)\.\w+$/,
  /^omegaconf\./,
  /^(lightning|pytorch_lightning|lightning_fabric|torchmetrics)\./,
  /^(transformers|accelerate|timm|mmengine|fairseq|fairscale|deepspeed)\.[\w.]+$/,
  /^typing\.(Any|Dict|List|Union|Optional)$/,
];

/** Whether a call is so common and harmless that nobody needs to be told. */
export function isUsual(path: string): boolean {
  return USUAL.some((pattern) => pattern.test(path));
}

/**
 * Protocols up to 2 use the names of Python 2, and Python 3 translates them when it loads: CPython's
 * Lib/_compat_pickle.py. `commands.Popen` is `subprocess.Popen`. The ones that matter here.
 */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['__builtin__', 'builtins'],
  ['commands', 'subprocess'],
  ['copy_reg', 'copyreg'],
  ['cPickle', 'pickle'],
  ['httplib', 'http.client'],
  ['urllib2', 'urllib.request'],
  ['BaseHTTPServer', 'http.server'],
  ['CGIHTTPServer', 'http.server'],
  ['SimpleHTTPServer', 'http.server'],
  ['SocketServer', 'socketserver'],
  ['xmlrpclib', 'xmlrpc.client'],
  ['SimpleXMLRPCServer', 'xmlrpc.server'],
  ['DocXMLRPCServer', 'xmlrpc.server'],
]);

/** A global under the name Python 3 knows it by. */
export function globalNamed(module: string, name: string): PickleGlobal {
  return new PickleGlobal(RENAMED.get(module) ?? module, name);
}
