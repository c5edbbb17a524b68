using System.Globalization;

namespace Amalgam.Engines.Local;

/// <summary>The files of one member. Readable by the cloud's user alone: they hold other people's output.</summary>
internal sealed class MemberFolder(string path)
{
    public string Path { get; } = path;
    public string StandardOutput => System.IO.Path.Combine(Path, "stdout.log");
    public string StandardError => System.IO.Path.Combine(Path, "stderr.log");
    public string Order => System.IO.Path.Combine(Path, "order");
    public string Work => System.IO.Path.Combine(Path, "work");
    private string Launch => System.IO.Path.Combine(Path, "launch.json");
    private string Stop => System.IO.Path.Combine(Path, "stop.json");
    private string End => System.IO.Path.Combine(Path, "ended.json");
    private string Exit => System.IO.Path.Combine(Path, "exit");

    public void Create()
    {
        PrivateFile.CreateFolder(Path);
        PrivateFile.CreateFolder(Work);
    }

    public LaunchRecord? ReadLaunch() => PrivateFile.ReadRecord(Launch, MemberRecordJson.Default.LaunchRecord);
    public StopRecord? ReadStop() => PrivateFile.ReadRecord(Stop, MemberRecordJson.Default.StopRecord);
    public EndRecord? ReadEnd() => PrivateFile.ReadRecord(End, MemberRecordJson.Default.EndRecord);
    public void Write(LaunchRecord record) => PrivateFile.WriteRecord(Launch, record, MemberRecordJson.Default.LaunchRecord);
    public void Write(StopRecord record) => PrivateFile.WriteRecord(Stop, record, MemberRecordJson.Default.StopRecord);
    public void Write(EndRecord record) => PrivateFile.WriteRecord(End, record, MemberRecordJson.Default.EndRecord);

    /// <summary>Takes the disk space that the end of the member will be written to.</summary>
    public void ReserveExit() => PrivateFile.Write(Exit, System.Text.Encoding.ASCII.GetBytes("waiting".PadRight(127) + "\n"));

    /// <summary>Whether the command, or what is about to become it, hears signals.</summary>
    public bool HearsSignals()
    {
        try
        {
            return !File.ReadAllText(Exit).StartsWith("waiting", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return true; // someone removed the record: no reason to wait
        }
    }

    /// <summary>What `member.sh` wrote: the exit code and what `times` prints, whose second line is the processor time of the command.</summary>
    /// <returns>Null when the member's end was not written.</returns>
    public (int Code, long EndedAtUnixMs, long CpuMs)? ReadExit()
    {
        try
        {
            var lines = File.ReadAllLines(Exit);
            if (lines.Length == 0 || !int.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out var code)) return null;
            var endedAt = new DateTimeOffset(File.GetLastWriteTimeUtc(Exit), TimeSpan.Zero).ToUnixTimeMilliseconds();
            return (code, endedAt, lines.Length > 2 ? ParseTimes(lines[2]) : 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>`0m1.250000s 0m0.010000s` (POSIX `times`: user, then system) in milliseconds; zero for anything else.</summary>
    internal static long ParseTimes(string line)
    {
        double seconds = 0;
        foreach (var word in line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var minute = word.IndexOf('m', StringComparison.Ordinal);
            if (minute < 0 || !word.EndsWith('s')) return 0;
            if (!double.TryParse(word.AsSpan(0, minute), CultureInfo.InvariantCulture, out var minutes)) return 0;
            if (!double.TryParse(word.AsSpan(minute + 1, word.Length - minute - 2), CultureInfo.InvariantCulture, out var rest)) return 0;
            seconds += (60 * minutes) + rest;
        }

        return (long)(seconds * 1000);
    }

    /// <summary>Time of the newest output, in Unix milliseconds; zero when nothing was written.</summary>
    public long LastOutputUnixMs()
    {
        long Newest(string file) => new FileInfo(file) is { Exists: true, Length: > 0 } info
            ? new DateTimeOffset(info.LastWriteTimeUtc, TimeSpan.Zero).ToUnixTimeMilliseconds() : 0;
        return Math.Max(Newest(StandardOutput), Newest(StandardError));
    }

    /// <summary>The last line that is not empty on standard error, at most 200 characters; null when there is none.</summary>
    public string? LastErrorLine()
    {
        try
        {
            using var file = File.OpenHandle(StandardError, share: FileShare.ReadWrite | FileShare.Delete);
            var length = RandomAccess.GetLength(file);
            var buffer = new byte[Math.Min(length, 2048)];
            var read = RandomAccess.Read(file, buffer, length - buffer.Length);
            var text = System.Text.Encoding.UTF8.GetString(buffer, 0, read);
            var line = text.Split('\n', '\r').LastOrDefault(part => !string.IsNullOrWhiteSpace(part))?.Trim();
            return line is { Length: > 200 } ? line[..200] + "…" : line;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
