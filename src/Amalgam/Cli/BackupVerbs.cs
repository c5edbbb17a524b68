using System.CommandLine;
using System.IO.Compression;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Ledger.Invoices;
using Amalgam.Hosting;
using Amalgam.Storage;

namespace Amalgam.Cli;

/// <summary>`backup FILE`, `restore FILE`, `verify`: the whole state in one file; the journal's integrity. They work on the data directory itself.</summary>
internal static class BackupVerbs
{
    private const string JournalEntry = "journal.db";
    private const string SecretEntry = "secret";

    private static readonly Argument<string> FilePath = new("file") { Description = "the backup" };
    private static readonly Option<string?> Data = Verbs.Text("--data", "data directory (else the default one)");
    private static readonly Option<bool> AsJson = Verbs.Json();

    public static Command Backup() => Verbs.Local("backup", "the whole state in one file, also while the cloud runs", (parsed, _) => Guarded(() =>
    {
        var (data, target) = (Folder(parsed), Path.GetFullPath(parsed.GetValue(FilePath)!));
        if (File.Exists(target))
        {
            throw new CommandException($"{target} exists: choose another name, a backup never overwrites");
        }

        var copy = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            JournalFile.Copy(Existing(data), copy);
            var (records, hash) = JournalFile.Verify(copy);
            var packed = copy + ".zip";
            using (var stream = new FileStream(packed, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            using (var zip = new ZipArchive(stream, ZipArchiveMode.Create))
            {
                zip.CreateEntryFromFile(copy, JournalEntry);
                zip.CreateEntryFromFile(Path.Combine(data, SecretEntry), SecretEntry);
            }

            File.Move(packed, target);
            Console.WriteLine($"{target}: {records} records, last hash {hash[..16]}");
        }
        finally
        {
            foreach (var left in (string[])[copy, copy + "-wal", copy + "-shm", copy + ".zip"])
            {
                File.Delete(left);
            }
        }
    }), FilePath, Data);

    public static Command Restore() => Verbs.Local("restore", "put a backup into an empty data directory", (parsed, _) => Guarded(() =>
    {
        var (path, source) = (Folder(parsed), Path.GetFullPath(parsed.GetValue(FilePath)!));
        using var data = DataDirectory.Open(path);
        if (File.Exists(data.Journal))
        {
            throw new CommandException($"{path} holds a cloud already: choose another --data directory, or move that one away first");
        }

        using var zip = ZipFile.OpenRead(source);
        var fresh = data.Journal + ".new";
        Entry(zip, JournalEntry, source).ExtractToFile(fresh, overwrite: true);
        var (records, _) = JournalFile.Verify(fresh);
        Entry(zip, SecretEntry, source).ExtractToFile(data.In(SecretEntry), overwrite: true);
        File.SetUnixFileMode(data.In(SecretEntry), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Delete(fresh + "-wal");
        File.Delete(fresh + "-shm");
        File.Move(fresh, data.Journal);
        Console.WriteLine($"{path}: {records} records restored; `amalgam up --data {path}` carries on (keys are as they were)");
    }), FilePath, Data);

    public static Command Verify() => Verbs.Local("verify", "walk the journal's hash chain and name the first damaged record", (parsed, _) => Guarded(() =>
    {
        var path = Existing(Folder(parsed));
        // One walk: what is read has passed the chain, what passed the chain is rated and composed again.
        var ledger = LedgerProof.Of(JournalFile.Read(path));
        if (ledger.Wrong is { } wrong)
        {
            throw new CommandException($"the ledger is wrong at record {wrong.Sequence}: {wrong.Why}");
        }

        var (records, hash) = JournalFile.Verify(path);
        Console.WriteLine(parsed.GetValue(AsJson)
            ? $$"""{"records":{{records}},"lastHash":"{{hash}}","charges":{{ledger.Charges}},"invoices":{{ledger.Invoices}},"creditNotes":{{ledger.CreditNotes}},"sound":true}"""
            : $"{records} records, unbroken, last hash {hash}\n{ledger.Charges} charges rated again, {ledger.Invoices} invoices and {ledger.CreditNotes} credit notes composed again: all the same");
    }), Data, AsJson);

    private static string Folder(ParseResult parsed) => Path.GetFullPath(parsed.GetValue(Data) ?? Credentials.DefaultDataDirectory);

    private static string Existing(string data)
    {
        var path = Path.Combine(data, JournalEntry);
        return File.Exists(path) ? path : throw new CommandException($"there is no cloud in {data}: give its --data directory");
    }

    private static ZipArchiveEntry Entry(ZipArchive zip, string name, string source) =>
        zip.GetEntry(name) ?? throw new CommandException($"{source} is no backup of Amalgam: it has no {name}");

    private static Task<int> Guarded(Action act)
    {
        try
        {
            act();
            return Task.FromResult(0);
        }
        catch (Exception fault) when (fault is JournalException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CommandException(fault.Message.ReplaceLineEndings(" "));
        }
    }
}
