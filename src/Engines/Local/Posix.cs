using System.Runtime.InteropServices;

namespace Amalgam.Engines.Local;

/// <summary>The calls of the C library that .NET has no name for. Numbers are those of Linux on x86-64, arm64 and riscv64.</summary>
internal static unsafe partial class Posix
{
    internal const int SIGINT = 2, SIGKILL = 9, SIGTERM = 15;
    internal const int ENOENT = 2, EACCES = 13, ENOSPC = 28, EOPNOTSUPP = 95;
    internal const int O_WRONLY = 1, O_CREAT = 0x40, O_APPEND = 0x400;
    internal const short POSIX_SPAWN_SETSIGDEF = 0x04, POSIX_SPAWN_SETSIGMASK = 0x08, POSIX_SPAWN_SETSID = 0x80;
    internal const int FALLOC_FL_KEEP_SIZE = 1, FALLOC_FL_PUNCH_HOLE = 2;
    internal const int SEEK_DATA = 3, SEEK_HOLE = 4;
    internal const int WNOHANG = 1, WEXITED = 4, WNOWAIT = 0x01000000, P_PID = 1, F_SETFD = 2, FD_CLOEXEC = 1, SC_CLK_TCK = 2;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    internal static partial int WaitPid(int pid, int* status, int options);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitId(int idType, int id, int* information, int options);

    /// <summary>Whether a process is there and has not ended, without reading /proc. A process id that is used again by a stranger is not noticed.</summary>
    internal static bool IsThere(int pid)
    {
        var information = stackalloc int[32]; // siginfo_t is 128 bytes; its first field is zero when nothing has ended
        information[0] = 0;
        if (WaitId(P_PID, pid, information, WEXITED | WNOHANG | WNOWAIT) == 0) return information[0] == 0;
        return Kill(pid, 0) == 0; // not our child: another control plane started it
    }

    [LibraryImport("libc", EntryPoint = "sysconf")]
    internal static partial nint SysConf(int name);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int Fcntl(int fd, int command, int argument);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int FAllocate(SafeHandle fd, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    internal static partial long LSeek(SafeHandle fd, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    internal static partial int SetAffinity(int thread, nuint size, byte* mask);

    [LibraryImport("libc", EntryPoint = "sched_getaffinity", SetLastError = true)]
    internal static partial int GetAffinity(int thread, nuint size, byte* mask);

    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    internal static partial int Spawn(int* pid, byte* path, void* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    internal static partial int ActionsInit(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen")]
    internal static partial int ActionsAddOpen(void* actions, int fd, byte* path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    internal static partial int ActionsDestroy(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    internal static partial int AttributesInit(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    internal static partial int AttributesSetFlags(void* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    internal static partial int AttributesSetDefaultSignals(void* attributes, void* set);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    internal static partial int AttributesSetBlockedSignals(void* attributes, void* set);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    internal static partial int AttributesDestroy(void* attributes);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    internal static partial int SigEmptySet(void* set);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    internal static partial int SigFillSet(void* set);

    internal static string Message(int errno) => Marshal.GetPInvokeErrorMessage(errno);
}
