using System.Globalization;
using System.Text;

namespace Amalgam.Engines.Local;

/// <summary>One line of /proc/PID/stat (proc(5)); times in clock ticks, memory in pages.</summary>
internal readonly record struct ProcessStat(int Pid, char State, int Parent, int Session, long CpuTicks, long StartTicks, long ResidentPages)
{
    /// <summary>Ended, and only waits for its parent to ask how.</summary>
    public bool IsDead => State is 'Z' or 'X' or 'x';
}

/// <summary>All processes of the machine at one moment, and which member each belongs to.</summary>
internal sealed class ProcessTable
{
    public static readonly long TicksPerSecond = Math.Max(1, Posix.SysConf(Posix.SC_CLK_TCK));
    private readonly Dictionary<int, ProcessStat> _processes = new(1024);

    public IReadOnlyCollection<ProcessStat> Processes => _processes.Values;

    /// <summary>False may also mean that it was started after the look: ask for it alone before believing it.</summary>
    public bool Shows(LaunchRecord launch) => _processes.TryGetValue(launch.Pid, out var stat) && !stat.IsDead && stat.StartTicks == launch.StartTicks;

    public static ProcessTable Read()
    {
        var table = new ProcessTable();
        var buffer = new byte[1024];
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
            if (char.IsAsciiDigit(folder[6]) && int.TryParse(folder.AsSpan(6), CultureInfo.InvariantCulture, out var pid) && ReadStat(pid, buffer) is { } stat)
                table._processes[pid] = stat;
        return table;
    }

    /// <returns>Null when there is no such process.</returns>
    public static ProcessStat? ReadStat(int pid, byte[]? buffer = null)
    {
        buffer ??= new byte[1024];
        try
        {
            using var file = File.OpenHandle($"/proc/{pid}/stat", share: FileShare.ReadWrite);
            return Parse(pid, buffer.AsSpan(0, RandomAccess.Read(file, buffer, 0)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // gone between the listing and the reading
        }
    }

    /// <summary>The program's name stands in brackets and may hold anything, brackets and spaces too: fields are counted from the last one.</summary>
    internal static ProcessStat? Parse(int pid, ReadOnlySpan<byte> line)
    {
        var end = line.LastIndexOf((byte)')');
        if (end < 0 || end + 2 >= line.Length) return null;
        Span<long> field = stackalloc long[25]; // field[n] is field n of proc(5)
        var rest = line[(end + 2)..];
        var state = (char)rest[0];
        for (var n = 3; n <= 24; n++)
        {
            var space = rest.IndexOf((byte)' ');
            var word = space < 0 ? rest : rest[..space];
            if (n > 3 && System.Buffers.Text.Utf8Parser.TryParse(word, out long value, out _)) field[n] = value;
            if (space < 0) break;
            rest = rest[(space + 1)..];
        }

        return new ProcessStat(pid, state, (int)field[4], (int)field[6], field[14] + field[15] + field[16] + field[17], field[22], field[24]);
    }

    /// <summary>
    /// The session that a process belongs to by kinship: its own if that is one of <paramref name="sessions"/>, else that of the nearest ancestor
    /// that is in one. Zero = none of them.
    /// </summary>
    public int SessionOf(in ProcessStat process, IReadOnlyCollection<int> sessions)
    {
        var current = process;
        for (var depth = 0; depth < 64; depth++)
        {
            if (sessions.Contains(current.Session)) return current.Session;
            if (current.Parent <= 1 || !_processes.TryGetValue(current.Parent, out current)) return 0;
        }

        return 0;
    }

    /// <summary>Whether a process carries the mark in the environment it was started with. False for processes that we may not look at.</summary>
    public static bool Carries(int pid, IReadOnlyCollection<string> marks, string variable, out string mark)
    {
        mark = "";
        try
        {
            var environment = File.ReadAllBytes($"/proc/{pid}/environ").AsSpan();
            var name = Encoding.UTF8.GetBytes(variable + "=");
            foreach (var range in environment.Split((byte)0))
            {
                var pair = environment[range];
                if (!pair.StartsWith(name)) continue;
                mark = Encoding.UTF8.GetString(pair[name.Length..]);
                return marks.Contains(mark);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        return false;
    }
}
