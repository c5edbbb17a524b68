using System.Runtime.InteropServices;
using System.Text;
using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Local;

/// <summary>What is handed to the kernel: a program in a session of its own, standard input empty, both outputs appended to files.</summary>
/// <param name="Cores">Processor numbers the session is bound to; empty = where the cloud itself may run.</param>
internal sealed record SessionLaunch(
    string Program, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, string StandardOutput, string StandardError, IReadOnlyList<int> Cores);

/// <summary>
/// Starts sessions with posix_spawn instead of <see cref="System.Diagnostics.Process"/>, which can neither make a session, nor append to a file
/// without a pipe and a reader, nor reset the signals that the .NET runtime ignores (SIGPIPE).
/// </summary>
internal static unsafe class SessionSpawn
{
    // glibc's and musl's structures are at most 336 bytes; the C library writes only what it knows.
    private const int OpaqueBytes = 1024, SignalSetBytes = 128, AffinityBytes = 1024;

    /// <summary>Leaves nothing that the cloud has open, or was handed open, to its members: a member outlives the cloud and would hold it open.</summary>
    internal static void KeepDescriptorsPrivate()
    {
        foreach (var entry in Directory.EnumerateFiles("/proc/self/fd"))
            if (int.TryParse(Path.GetFileName(entry), out var fd) && fd > 2)
                _ = Posix.Fcntl(fd, Posix.F_SETFD, Posix.FD_CLOEXEC);
    }

    /// <returns>The process id, which is the session's and the group's too.</returns>
    internal static int Start(SessionLaunch launch)
    {
        if (launch.Cores.Count == 0) return Spawn(launch);
        var (pid, fault) = (0, (Exception?)null);
        // A child inherits the binding of the thread that made it, so a thread that ends right away binds without any program in between.
        var thread = new Thread(() =>
        {
            try
            {
                Bind(launch.Cores);
                pid = Spawn(launch);
            }
            catch (EngineException e)
            {
                fault = e;
            }
        }, maxStackSize: 256 << 10);
        thread.Start();
        thread.Join();
        return fault is null ? pid : throw fault;
    }

    private static void Bind(IReadOnlyList<int> cores)
    {
        var mask = stackalloc byte[AffinityBytes];
        new Span<byte>(mask, AffinityBytes).Clear();
        foreach (var core in cores)
        {
            if (core is < 0 or >= AffinityBytes * 8) throw new EngineException($"there is no core {core} on this machine");
            mask[core / 8] |= (byte)(1 << (core % 8));
        }

        if (Posix.SetAffinity(0, AffinityBytes, mask) != 0)
            throw new EngineException($"the cores {string.Join(',', cores)} cannot be bound: {Posix.Message(Marshal.GetLastPInvokeError())}");
    }

    private static int Spawn(SessionLaunch launch)
    {
        using var memory = new CStrings();
        var actions = stackalloc byte[OpaqueBytes];
        var attributes = stackalloc byte[OpaqueBytes];
        _ = Posix.ActionsInit(actions);
        _ = Posix.AttributesInit(attributes);
        try
        {
            _ = Posix.ActionsAddOpen(actions, 0, memory.Add("/dev/null"), 0, 0);
            _ = Posix.ActionsAddOpen(actions, 1, memory.Add(launch.StandardOutput), Posix.O_WRONLY | Posix.O_CREAT | Posix.O_APPEND, 0x180);
            _ = Posix.ActionsAddOpen(actions, 2, memory.Add(launch.StandardError), Posix.O_WRONLY | Posix.O_CREAT | Posix.O_APPEND, 0x180);
            SetSignals(attributes);
            var environment = launch.Environment.Select(pair => $"{pair.Key}={pair.Value}");
            int pid;
            var errno = Posix.Spawn(&pid, memory.Add(launch.Program), actions, attributes, memory.AddAll(launch.Arguments), memory.AddAll(environment));
            return errno == 0 ? pid : throw new EngineException($"the member could not be started: {Posix.Message(errno)}");
        }
        finally
        {
            _ = Posix.ActionsDestroy(actions);
            _ = Posix.AttributesDestroy(attributes);
        }
    }

    private static void SetSignals(byte* attributes)
    {
        var set = stackalloc byte[SignalSetBytes];
        _ = Posix.SigFillSet(set);
        _ = Posix.AttributesSetDefaultSignals(attributes, set);
        _ = Posix.SigEmptySet(set);
        _ = Posix.AttributesSetBlockedSignals(attributes, set);
        _ = Posix.AttributesSetFlags(attributes, Posix.POSIX_SPAWN_SETSID | Posix.POSIX_SPAWN_SETSIGDEF | Posix.POSIX_SPAWN_SETSIGMASK);
    }

    /// <summary>Strings as the C library wants them, freed together.</summary>
    private sealed class CStrings : IDisposable
    {
        private readonly List<nint> _blocks = [];

        public byte* Add(string text)
        {
            var block = (byte*)Marshal.StringToCoTaskMemUTF8(text);
            _blocks.Add((nint)block);
            return block;
        }

        public byte** AddAll(IEnumerable<string> texts)
        {
            var pointers = texts.Select(text => (nint)Add(text)).Append(0).ToArray();
            var block = Marshal.AllocCoTaskMem(pointers.Length * sizeof(nint));
            Marshal.Copy(pointers, 0, block, pointers.Length);
            _blocks.Add(block);
            return (byte**)block;
        }

        public void Dispose() => _blocks.ForEach(Marshal.FreeCoTaskMem);
    }
}
