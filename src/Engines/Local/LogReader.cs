using System.Runtime.CompilerServices;
using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Local;

/// <summary>Reads the two streams of a member in the order that <see cref="LogOrder"/> noted.</summary>
/// <param name="hasEnded">Whether nothing more will be written; asked before the files are looked at.</param>
internal sealed class LogReader(MemberFolder folder, Action note, Func<bool> hasEnded, TimeProvider clock)
{
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(20), LongestWait = TimeSpan.FromMilliseconds(250);
    private long _marksRead;

    public async IAsyncEnumerable<LogLine> ReadAsync(bool follow, int? tailLines, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var output = new LogStream("stdout", folder.StandardOutput);
        using var error = new LogStream("stderr", folder.StandardError);
        var tail = tailLines is { } wanted ? StartTail(output, error, Math.Max(0, wanted)) : null;
        var wait = ShortestWait;
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var last = !follow || hasEnded();
            var any = false;
            foreach (var line in Round(output, error, last))
            {
                any = true;
                if (tail is null) yield return line;
                else Keep(tail, line, tailLines!.Value);
            }

            if (tail is not null)
                foreach (var line in tail) yield return line;
            tail = null;
            if (last) yield break;
            wait = any ? ShortestWait : TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, wait.Ticks * 2));
            await Task.Delay(wait, clock, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>The last N lines of both together are among the last N of each.</summary>
    private static Queue<LogLine> StartTail(LogStream output, LogStream error, int lines)
    {
        output.SeekLastLines(lines);
        error.SeekLastLines(lines);
        return new Queue<LogLine>();
    }

    private static void Keep(Queue<LogLine> tail, LogLine line, int lines)
    {
        tail.Enqueue(line);
        if (tail.Count > lines) tail.Dequeue();
    }

    private IEnumerable<LogLine> Round(LogStream output, LogStream error, bool last)
    {
        note();
        foreach (var mark in NewMarks().Append(new OrderMark(output.Length, error.Length)))
        {
            foreach (var line in output.Drain(mark.Output)) yield return line;
            foreach (var line in error.Drain(mark.Error)) yield return line;
        }

        if (!last) yield break;
        if (output.Rest() is { } outputRest) yield return outputRest;
        if (error.Rest() is { } errorRest) yield return errorRest;
    }

    private IReadOnlyList<OrderMark> NewMarks()
    {
        // Shorter than what was read: it was thinned. Marks that lie behind the reader change nothing, so it can be read anew.
        if (new FileInfo(folder.Order) is { Exists: true } file && file.Length < _marksRead) _marksRead = 0;
        var marks = LogOrder.Read(folder.Order, _marksRead);
        _marksRead += 16L * marks.Count;
        return marks;
    }
}
