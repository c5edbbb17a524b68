using System.Runtime.InteropServices;

namespace Amalgam.Runtime.Model;

/// <summary>
/// Gives back the pages of a mapped file that have been copied, so that loading a model never needs the file and its copy in memory at once.
/// They stay in the system's file cache as long as nobody else wants the memory. Only on Linux; elsewhere the system decides alone.
/// </summary>
internal static unsafe partial class MappedPages
{
    private const int DontNeed = 4; // MADV_DONTNEED, madvise(2)

    public static void Release(byte* start, long bytes)
    {
        if (!OperatingSystem.IsLinux()) return;
        nuint page = (nuint)Environment.SystemPageSize;
        nuint first = ((nuint)start + page - 1) / page * page, end = ((nuint)start + (nuint)bytes) / page * page;
        // A refusal is of no consequence: the pages are clean, and the system may drop them by itself.
        if (end > first) _ = Advise((void*)first, end - first, DontNeed);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint bytes, int advice);
}
