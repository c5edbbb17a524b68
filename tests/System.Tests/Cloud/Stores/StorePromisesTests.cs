using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Journal;
using Amalgam.Core.Units;
using Amalgam.Storage;
using Amalgam.Storage.Postgres;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Amalgam.SystemTests.Cloud.Stores;

/// <summary>What a journal promises, held against both stores: a file of SQLite and a real PostgreSQL.</summary>
[Collection(PostgresCollection.Name)]
public sealed class StorePromisesTests(PostgresServer server) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("amalgam-store-").FullName;
    private int _files;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [PostgresTheory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task What_many_append_at_once_is_read_again_in_its_order_by_whoever_opens_it_next(string kind)
    {
        var store = New(kind);
        List<JournalRecord> records = [.. Enumerable.Range(1, 3_000).Select(Record)];
        using (var journal = Lead(store))
        {
            var acknowledged = records.Chunk(7).Select(group => journal.Journal.Append(group)).ToList();
            await Task.WhenAll(acknowledged);
        }

        using (var again = Lead(store))
        {
            Assert.Equal(records.Select(Text), again.Read.Select(Text));
            records.Add(Record(3_001));
            await again.Journal.Append([records[^1]]);
        }

        Assert.Equal(3_001, store.Verify().Records);
        Assert.Equal(records.Select(Text), store.Read().Select(Text));
        Assert.Equal(Text(records[1_499]), Text(store.Past.Find(1_500)!));
        Assert.Null(store.Past.Find(3_002));
    }

    [PostgresTheory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Nobody_changes_or_takes_out_a_record_and_whoever_breaks_the_lock_is_found_by_the_chain(string kind)
    {
        var store = await FilledAsync(kind, 20);
        Assert.Contains("append-only", Assert.ThrowsAny<Exception>(() => Sql(store, "UPDATE journal SET body = body WHERE sequence = 4")).Message, StringComparison.Ordinal);
        Assert.Contains("append-only", Assert.ThrowsAny<Exception>(() => Sql(store, "DELETE FROM journal WHERE sequence = 4")).Message, StringComparison.Ordinal);
        if (store is PostgresStore)
        {
            Assert.Contains("append-only", Assert.ThrowsAny<Exception>(() => Sql(store, "TRUNCATE journal")).Message, StringComparison.Ordinal);
            Sql(store, "DROP TRIGGER journal_never_changed ON journal; UPDATE journal SET body = convert_to(replace(convert_from(body, 'UTF8'), 'unit-4', 'unit-x'), 'UTF8') WHERE sequence = 4");
        }
        else
        {
            Sql(store, "DROP TRIGGER journal_never_updated; DROP TRIGGER journal_never_deleted; UPDATE journal SET body = CAST(replace(CAST(body AS TEXT), 'unit-4', 'unit-x') AS BLOB) WHERE sequence = 4");
        }

        Assert.Contains("record 4: its hash", Refused(() => store.Verify()), StringComparison.Ordinal);
        Sql(store, "DELETE FROM journal WHERE sequence = 4");
        Assert.Contains("record 4: it is missing", Refused(() => store.Verify()), StringComparison.Ordinal);
        Assert.Contains("record 4", Refused(() => Lead(store).Dispose()), StringComparison.Ordinal);
    }

    [PostgresTheory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task The_journal_of_a_newer_release_is_refused_and_not_touched(string kind)
    {
        var store = await FilledAsync(kind, 3);
        Sql(store, store is PostgresStore ? "UPDATE about SET format = 99" : "PRAGMA user_version = 99");
        Assert.Contains("newer Amalgam", Refused(() => store.Verify()), StringComparison.Ordinal);
        Assert.Contains("newer Amalgam", Refused(() => Lead(store).Dispose()), StringComparison.Ordinal);
        Sql(store, store is PostgresStore ? "UPDATE about SET format = 1" : "PRAGMA user_version = 1");
        Assert.Equal(3, store.Verify().Records);
    }

    [PostgresTheory]
    [InlineData("sqlite", "postgres")]
    [InlineData("postgres", "sqlite")]
    [InlineData("postgres", "postgres")]
    [InlineData("sqlite", "sqlite")]
    public async Task A_copy_of_one_store_fills_another_with_the_same_bytes_and_only_an_empty_one(string from, string to)
    {
        var (source, target) = (await FilledAsync(from, 500), New(to));
        var copy = NewFile();
        source.CopyTo(copy);
        Assert.False(target.HoldsCloud());
        target.FillFrom(copy);
        Assert.True(target.HoldsCloud());
        Assert.Equal(source.Verify(), target.Verify());
        var again = NewFile();
        target.CopyTo(again);
        Assert.Equal(Rows(copy), Rows(again));
        Assert.ThrowsAny<Exception>(() => target.FillFrom(copy));
        Assert.Equal(source.Verify(), target.Verify());
        using var journal = Lead(target);
        await journal.Journal.Append([Record(501)]);
    }

    [PostgresTheory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_copy_that_was_damaged_on_the_way_leaves_an_empty_store_empty(string kind)
    {
        var copy = NewFile();
        (await FilledAsync("sqlite", 500)).CopyTo(copy);
        Sql(new SqliteStore(copy), "DROP TRIGGER journal_never_updated; UPDATE journal SET hash = zeroblob(32) WHERE sequence = 400");
        var target = New(kind);
        Assert.Contains("record 400", Refused(() => target.FillFrom(copy)), StringComparison.Ordinal);
        Assert.False(target.HoldsCloud());
        target.FillFrom(await CopyOfAsync(500));
        Assert.Equal(500, target.Verify().Records);
    }

    private async Task<string> CopyOfAsync(int records)
    {
        var copy = NewFile();
        (await FilledAsync("sqlite", records)).CopyTo(copy);
        return copy;
    }

    private IJournalStore New(string kind) => kind == "postgres" ? server.NewStore() : new SqliteStore(NewFile());

    private string NewFile() => Path.Combine(_folder, $"{++_files}.db");

    private async Task<IJournalStore> FilledAsync(string kind, int records)
    {
        var store = New(kind);
        using var journal = Lead(store);
        await journal.Journal.Append([.. Enumerable.Range(1, records).Select(Record)]);
        return store;
    }

    internal static Leading Lead(IJournalStore store)
    {
        if (store is not PostgresStore postgres)
        {
            var file = SqliteJournal.Open(store.Name);
            return new Leading(file, [.. file.ReadAll()], [file]);
        }

        postgres.Prepare(null);
        var (lead, journal) = (new PostgresLeadership(postgres.Address, "a test"), new PostgresJournal(postgres.Address));
        try
        {
            Assert.True(SpinWait.SpinUntil(() => lead.TryLead(null), TimeSpan.FromSeconds(10)));
            List<JournalRecord> records = [.. journal.ReadAll()];
            journal.Lead(lead.Epoch);
            return new Leading(journal, records, [journal, lead]);
        }
        catch
        {
            journal.Dispose();
            lead.Dispose();
            throw;
        }
    }

    internal static JournalRecord Record(int number) => new(number, 1_000 + number, Actor.Loop("test"), new UnitSet(new Unit { Name = $"unit-{number}", Parent = number == 1 ? null : "unit-1" }));

    private static string Text(JournalRecord record) => $"{record.Sequence} {Convert.ToHexString(JournalJson.Write(record))}";

    private static string Refused(Action act)
    {
        var line = Assert.ThrowsAny<JournalException>(act).Message;
        Assert.DoesNotContain("\n", line, StringComparison.Ordinal);
        return line;
    }

    private static List<string> Rows(string file)
    {
        using var connection = new SqliteConnection($"Data Source={file};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT sequence, hex(hash), hex(body) FROM journal ORDER BY sequence";
        using var rows = select.ExecuteReader();
        List<string> all = [];
        while (rows.Read())
        {
            all.Add($"{rows[0]} {rows[1]} {rows[2]}");
        }

        return all;
    }

    private void Sql(IJournalStore store, string text)
    {
        if (store is PostgresStore postgres)
        {
            server.Sql(postgres.Address.Database, $"SET search_path = {postgres.Address.Schema}; {text}");
            return;
        }

        using var connection = new SqliteConnection($"Data Source={store.Name};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }
}

/// <summary>An open journal and what it held when it was opened.</summary>
internal sealed record Leading(IJournal Journal, List<JournalRecord> Read, IDisposable[] Parts) : IDisposable
{
    public void Dispose() => Array.ForEach(Parts, part => part.Dispose());
}
