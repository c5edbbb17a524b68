using System.Runtime.InteropServices;

namespace Amalgam.Runtime.Serving;

/// <summary>Notices that the process that started this one has ended: the system then gives it another parent.</summary>
internal static partial class ParentWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Ends when the parent has; never on Windows, where a process keeps its parent's number.</summary>
    public static async Task WaitAsync(TimeProvider time, CancellationToken cancel)
    {
        if (OperatingSystem.IsWindows())
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancel);
            return;
        }

        var parent = ParentId();
        while (ParentId() == parent)
        {
            await Task.Delay(Interval, time, cancel);
        }
    }

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int ParentId();
}
