using System.CommandLine;
using System.IO.Compression;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Ledger.Invoices;
using Amalgam.Hosting;
using Amalgam.Storage;
using Amalgam.Storage.Postgres;

namespace Amalgam.Cli;

/// <summary>
/// `backup FILE`, `restore FILE`, `verify`: the whole state in one file; the journal's integrity. They work on the store itself, whichever it is; a backup of one can be restored
/// into the other, which is also how a cloud moves between them.
/// </summary>
internal static class BackupVerbs
{
    private const string JournalEntry = "journal.db";
    private const string SecretEntry = "secret";

    private static readonly Argument<string> FilePath = new("file") { Description = "the backup" };
    private static readonly Option<string?> Data = Verbs.Text("--data", "data directory (else the default one)");
    private static readonly Option<string?> At = Verbs.Text("--store", StoreChoice.Help);
    private static readonly Option<bool> AsJson = Verbs.Json();

    public static Command Backup() => Verbs.Local("backup", "the whole state in one file, also while the cloud runs", (parsed, _) => Guarded(() =>
    {
        var (data, target) = (Folder(parsed), Path.GetFullPath(parsed.GetValue(FilePath)!));
        if (File.Exists(target))
        {
            throw new CommandException($"{target} exists: choose another name, a backup never overwrites");
        }

        var secret = Path.Combine(data, SecretEntry);
        var store = Existing(parsed);
        if (!File.Exists(secret))
        {
            throw new CommandException($"{data} has no secret of a cloud: give the --data directory that `up` runs with");
        }

        var copy = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            store.CopyTo(copy);
            var (records, hash) = JournalFile.Verify(copy);
            var packed = copy + ".zip";
            using (var stream = new FileStream(packed, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
                {
                    zip.CreateEntryFromFile(copy, JournalEntry);
                    zip.CreateEntryFromFile(secret, SecretEntry);
                }

                stream.Flush(flushToDisk: true);
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
    }), FilePath, Data, At);

    public static Command Restore() => Verbs.Local("restore", "put a backup into an empty data directory, or into an empty PostgreSQL store", (parsed, _) => Guarded(() =>
    {
        var (path, source) = (Folder(parsed), Path.GetFullPath(parsed.GetValue(FilePath)!));
        IJournalStore store = parsed.GetValue(At) is { } asked ? StoreChoice.Postgres(asked) : new SqliteStore(Path.Combine(path, JournalEntry));
        using var data = DataDirectory.Open(path);
        using var zip = ZipFile.OpenRead(source);
        using var reader = new StreamReader(Entry(zip, SecretEntry, source).Open());
        var secret = reader.ReadToEnd();
        CheckEmpty(data, store, secret);
        foreach (var left in Directory.EnumerateFiles(data.Path, "restore-*.db*"))
        {
            // Of a restore that was killed: it has filled nothing.
            File.Delete(left);
        }

        var journal = data.In($"restore-{Guid.NewGuid():N}.db");
        try
        {
            Entry(zip, JournalEntry, source).ExtractToFile(journal);
            var (records, _) = JournalFile.Verify(journal);
            // The secret first: whoever is interrupted here has an empty store still, and restores again.
            DataDirectory.WritePrivate(data.In(SecretEntry), secret);
            store.FillFrom(journal);
            StoreChoice.Remember(data, store);
            Console.WriteLine($"{(store is PostgresStore ? store.Name : path)}: {records} records restored; `amalgam up --data {path}` carries on (keys are as they were)");
        }
        finally
        {
            foreach (var left in (string[])[journal, journal + "-wal", journal + "-shm"])
            {
                File.Delete(left);
            }
        }
    }), FilePath, Data, At);

    public static Command Verify() => Verbs.Local("verify", "walk the journal's hash chain and name the first damaged record", (parsed, _) => Guarded(() =>
    {
        var store = Existing(parsed);
        // One walk: what is read has passed the chain, what passed the chain is rated and composed again.
        var ledger = LedgerProof.Of(store.Read());
        if (ledger.Wrong is { } wrong)
        {
            throw new CommandException($"the ledger is wrong at record {wrong.Sequence}: {wrong.Why}");
        }

        var (records, hash) = store.Verify();
        Console.WriteLine(parsed.GetValue(AsJson)
            ? $$"""{"records":{{records}},"lastHash":"{{hash}}","charges":{{ledger.Charges}},"invoices":{{ledger.Invoices}},"creditNotes":{{ledger.CreditNotes}},"sound":true}"""
            : $"{records} records, unbroken, last hash {hash}\n{ledger.Charges} charges rated again, {ledger.Invoices} invoices and {ledger.CreditNotes} credit notes composed again: all the same");
    }), Data, At, AsJson);

    private static string Folder(ParseResult parsed) => Path.GetFullPath(parsed.GetValue(Data) ?? Credentials.DefaultDataDirectory);

    private static IJournalStore Existing(ParseResult parsed)
    {
        var data = Folder(parsed);
        var store = parsed.GetValue(At) is { } asked ? StoreChoice.Postgres(asked) : StoreChoice.Of(data, null);
        return store.HoldsCloud() ? store
            : throw new CommandException(store is PostgresStore ? $"there is no cloud in {store.Name}: correct --store" : $"there is no cloud in {data}: give its --data directory");
    }

    /// <summary>Into an empty store only; and into a folder whose members, if it has any, are of the same cloud.</summary>
    private static void CheckEmpty(DataDirectory data, IJournalStore store, string secret)
    {
        var (file, remembers) = (File.Exists(data.Journal), File.Exists(data.StoreFile));
        if (store is SqliteStore && (file || remembers))
        {
            throw new CommandException($"{data.Path} holds a cloud already: choose another --data directory, or move that one away first");
        }

        if (store is PostgresStore && (remembers || file) && !secret.Trim().Equals(Convert.ToHexString(data.Secret), StringComparison.OrdinalIgnoreCase))
        {
            throw new CommandException($"{data.Path} belongs to another cloud than the backup: choose another --data directory");
        }

        if (store is PostgresStore)
        {
            _ = remembers ? StoreChoice.Of(data.Path, store.Name) : null;
            if (store.HoldsCloud())
            {
                throw new CommandException($"{store.Name} holds a cloud already: choose another database or ?schema=NAME");
            }
        }
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
