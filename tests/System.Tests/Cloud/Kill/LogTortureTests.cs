using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Journal;
using Amalgam.Core.Units;
using Amalgam.Storage;
using Microsoft.Data.Sqlite;
using Xunit;
using Xunit.Abstractions;

namespace Amalgam.SystemTests.Cloud.Kill;

/// <summary>A small journal cut off at every byte, and with every byte turned: what can still be read is a beginning of what was written, or nothing is read at all.</summary>
public sealed class LogTortureTests(ITestOutputHelper output) : IDisposable
{
    /// <summary>In memory where there is such a folder: thousands of recoveries, of which only the outcome counts, need no disk.</summary>
    private readonly string _folder = Directory.CreateDirectory(Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"amalgam-torture-{Guid.NewGuid():N}")).FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("closed", false)]
    [InlineData("closed", true)]
    [InlineData("killed", false)]
    [InlineData("killed", true)]
    public async Task Damage_at_any_byte_gives_a_beginning_of_what_was_written_or_a_refusal(string how, bool turned)
    {
        var (main, log, written) = await WriteAsync(how == "killed");
        var victim = how == "killed" ? log : main;
        var path = Path.Combine(_folder, "victim.db");
        var (whole, shorter, refused) = (0, 0, 0);
        for (var at = 0; at < victim.Length; at++)
        {
            var damaged = turned ? [.. victim[..at], (byte)~victim[at], .. victim[(at + 1)..]] : victim[..at];
            File.WriteAllBytes(path, how == "killed" ? main : damaged);
            File.WriteAllBytes($"{path}-wal", how == "killed" ? damaged : []);
            File.Delete($"{path}-shm");
            switch (Read(path, written))
            {
                case null: refused++; break;
                // Of four commits only the last may have been unacknowledged when the process died: damage before it must not pass for a torn end.
                case < 3 when how == "killed" && turned: Assert.Fail($"byte {at} of {victim.Length} was turned, and acknowledged records are gone without a word"); break;
                case var count when count == written.Count: whole++; break;
                default: shorter++; break;
            }
        }

        var line = $"log torture, {how}, {(turned ? "every byte turned" : "cut at every byte")}: {victim.Length} damages; {whole} times all records read, {shorter} times a beginning, {refused} refused";
        output.WriteLine(line);
        Console.WriteLine(line);
        Assert.True(shorter + refused > 0);
    }

    /// <summary>How many records can be read, each equal to what was written; null when the journal is refused with a clear line.</summary>
    private static int? Read(string path, List<string> written)
    {
        try
        {
            using var journal = SqliteJournal.Open(path);
            var count = 0;
            foreach (var record in journal.ReadAll())
            {
                Assert.Equal(written[count++], Text(record));
            }

            return count;
        }
        catch (JournalException refusal)
        {
            Assert.DoesNotContain("\n", refusal.Message, StringComparison.Ordinal);
            return null;
        }
    }

    /// <summary>The bytes of the database and of its write-ahead log: closed, when all is in the first, or as a killed process leaves them.</summary>
    private async Task<(byte[] Main, byte[] Log, List<string> Written)> WriteAsync(bool killed)
    {
        var path = Path.Combine(_folder, "journal.db");
        Small(path);
        List<JournalRecord> records = [];
        byte[] main = [], log = [];
        SqliteJournal.Open(path).Dispose();
        using (var journal = SqliteJournal.Open(path))
        {
            for (var number = 1; number <= 4; number++)
            {
                records.Add(new JournalRecord(number, 1_000 + number, Actor.Loop("test"), new UnitSet(new Unit { Name = $"unit-{number}", Parent = number == 1 ? null : "unit-1" })));
                await journal.Append([records[^1]]);
            }

            if (killed)
            {
                (main, log) = (Shared(path), Shared($"{path}-wal"));
            }
        }

        return (killed ? main : File.ReadAllBytes(path), log, [.. records.Select(Text)]);
    }

    /// <summary>The smallest pages that SQLite has: a journal of a few thousand bytes has all kinds of pages that a large one has.</summary>
    private static void Small(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA page_size = 512; VACUUM";
        command.ExecuteNonQuery();
    }

    private static byte[] Shared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private static string Text(JournalRecord record) => $"{record.Sequence} {Convert.ToHexString(JournalJson.Write(record))}";
}
