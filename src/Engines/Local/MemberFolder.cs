using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Amalgam.Engines.Local;

/// <summary>The files of one member. Readable by the cloud's user alone: they hold other people's output.</summary>
internal sealed class MemberFolder(string path)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerFolder = OwnerOnly | UnixFileMode.UserExecute;

    public string Path { get; } = path;
    public string StandardOutput => System.IO.Path.Combine(Path, "stdout.log");
    public string StandardError => System.IO.Path.Combine(Path, "stderr.log");
    public string Order => System.IO.Path.Combine(Path, "order");
    public string Work => System.IO.Path.Combine(Path, "work");
    private string Launch => System.IO.Path.Combine(Path, "launch.json");
    private string Stop => System.IO.Path.Combine(Path, "stop.json");
    private string End => System.IO.Path.Combine(Path, "ended.json");
    private string Exit => System.IO.Path.Combine(Path, "exit");

    public static void CreatePrivate(string folder) => Directory.CreateDirectory(folder, OwnerFolder);

    public void Create()
    {
        CreatePrivate(Path);
        CreatePrivate(Work);
    }

    public LaunchRecord? ReadLaunch() => Read(Launch, MemberRecordJson.Default.LaunchRecord);
    public StopRecord? ReadStop() => Read(Stop, MemberRecordJson.Default.StopRecord);
    public EndRecord? ReadEnd() => Read(End, MemberRecordJson.Default.EndRecord);
    public void Write(LaunchRecord record) => Write(Launch, record, MemberRecordJson.Default.LaunchRecord);
    public void Write(StopRecord record) => Write(Stop, record, MemberRecordJson.Default.StopRecord);
    public void Write(EndRecord record) => Write(End, record, MemberRecordJson.Default.EndRecord);

    /// <summary>Takes the disk space that the end of the member will be written to.</summary>
    public void ReserveExit() => WriteAll(Exit, System.Text.Encoding.ASCII.GetBytes("running".PadRight(127) + "\n"));

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

    private static T? Read<T>(string file, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), type);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null; // not written, or half written by a machine that lost power
        }
    }

    /// <summary>Whole or not at all: written beside it and renamed.</summary>
    private static void Write<T>(string file, T record, JsonTypeInfo<T> type)
    {
        WriteAll(file + ".new", JsonSerializer.SerializeToUtf8Bytes(record, type));
        File.Move(file + ".new", file, overwrite: true);
    }

    internal static void WriteAll(string file, ReadOnlySpan<byte> content)
    {
        using var stream = new FileStream(file, new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = OwnerOnly,
        });
        stream.Write(content);
    }
}
