using System.Diagnostics;
using Amalgam.ControlPlane.Ports;
using Amalgam.Storage.Postgres;
using Npgsql;
using Xunit;

namespace Amalgam.SystemTests.Cloud.Stores;

/// <summary>A database that is away, closed, read-only or led by another: one clear line each, and nothing written that should not be.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PostgresTroubleTests(PostgresServer server)
{
    [PostgresFact]
    public async Task A_leader_that_was_replaced_writes_nothing_more_and_what_it_tried_is_nowhere()
    {
        var store = server.NewStore();
        store.Prepare(null);
        using var old = new PostgresLeadership(store.Address, "old");
        using var journal = new PostgresJournal(store.Address);
        Assert.True(old.TryLead("http://old"));
        journal.Lead(old.Epoch);
        await journal.Append([StorePromisesTests.Record(1)]);

        // Frozen: its session lives, and nothing is renewed any more.
        using var next = new PostgresLeadership(store.Address, "next");
        var begun = Stopwatch.GetTimestamp();
        Assert.False(next.TryLead("http://next"));
        Assert.Equal("http://old", next.Leader!.Address);
        while (!next.TryLead("http://next"))
        {
            Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(60), "nobody takes over from a leader that stands still");
            await Task.Delay(50);
        }

        Assert.False(old.MayAct);
        Assert.True(next.MayAct);
        await Assert.ThrowsAsync<DeposedException>(() => journal.Append([StorePromisesTests.Record(2)]));
        Assert.Throws<DeposedException>(() => old.Renew("http://old"));
        Assert.Equal(1, store.Verify().Records);
        using var successor = new PostgresJournal(store.Address);
        Assert.Single(successor.ReadAll());
        successor.Lead(next.Epoch);
        await successor.Append([StorePromisesTests.Record(2)]);
        Assert.Equal(2, store.Verify().Records);
        Assert.Equal("1,2", server.Sql(store.Address.Database, "SELECT string_agg(epoch::text, ',' ORDER BY sequence) FROM amalgam.journal"));
    }

    [PostgresFact]
    public async Task A_leader_that_renews_is_not_replaced_and_one_whose_session_is_gone_is_replaced_at_once()
    {
        var store = server.NewStore();
        store.Prepare(null);
        using var other = new PostgresLeadership(store.Address, "other");
        using (var lead = new PostgresLeadership(store.Address, "lead"))
        {
            Assert.True(lead.TryLead(null));
            for (var look = 0; look < 12; look++)
            {
                Assert.False(other.TryLead(null));
                lead.Renew(null);
                await Task.Delay(500);
            }
        }

        // The server notices the end of a session by itself, a moment later.
        await RunningCloud.UntilAsync("the lead", () => other.TryLead(null));
        Assert.Equal(2, other.Epoch);
    }

    [PostgresFact]
    public async Task A_role_that_may_only_append_leads_and_appends_and_can_change_nothing()
    {
        var store = server.NewStore();
        var database = store.Address.Database;
        server.Sql(database, $"CREATE ROLE app_{database} LOGIN");
        var mine = new PostgresStore(PostgresAddress.Parse(server.Address(database, $"app_{database}")));
        Assert.Contains("store prepare", Assert.Throws<JournalException>(() => mine.Prepare(null)).Message, StringComparison.Ordinal);
        store.Prepare($"app_{database}");
        using (var leading = StorePromisesTests.Lead(mine))
        {
            await leading.Journal.Append([StorePromisesTests.Record(1)]);
        }

        Assert.Equal(1, mine.Verify().Records);
        foreach (var forbidden in (string[])["UPDATE amalgam.journal SET epoch = 7", "DELETE FROM amalgam.journal", "TRUNCATE amalgam.journal", "ALTER TABLE amalgam.journal DISABLE TRIGGER ALL", "DELETE FROM amalgam.leader"])
        {
            Assert.Equal("42501", Assert.Throws<PostgresException>(() => server.Sql(database, forbidden, $"app_{database}")).SqlState);
        }
    }

    [PostgresFact]
    public async Task A_read_only_database_is_said_and_waited_for()
    {
        var store = server.NewStore();
        var database = store.Address.Database;
        using var leading = StorePromisesTests.Lead(store);
        await leading.Journal.Append([StorePromisesTests.Record(1)]);
        server.Sql(database, $"ALTER DATABASE {database} SET default_transaction_read_only = on");
        server.Sql("postgres", $"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{database}' AND application_name = 'amalgam journal'");
        var waiting = leading.Journal.Append([StorePromisesTests.Record(2)]);
        await RunningCloud.UntilAsync("the trouble", () => leading.Journal.Trouble is not null);
        Assert.Contains("read-only", leading.Journal.Trouble, StringComparison.Ordinal);
        Assert.False(waiting.IsCompleted);
        server.Sql("postgres", $"ALTER DATABASE {database} RESET default_transaction_read_only");
        await waiting;
        Assert.Null(leading.Journal.Trouble);
        Assert.Equal(2, store.Verify().Records);
    }

    [PostgresFact]
    public async Task A_full_disk_of_the_database_is_said_and_waited_for()
    {
        var small = Directory.CreateDirectory(Path.Combine(server.Folder, "small")).FullName;
        if (!await RanAsync("mount", "-t", "tmpfs", "-o", "size=4m", "amalgam-test", small))
        {
            Console.WriteLine("SKIPPED: a small file system cannot be mounted here (it needs root)");
            return;
        }

        var store = server.NewStore();
        try
        {
            Assert.True(await RanAsync("chown", "postgres", small));
            store.Prepare(null);
            server.Sql(store.Address.Database, $"CREATE TABLESPACE small LOCATION '{small}'");
            server.Sql(store.Address.Database, "ALTER TABLE amalgam.journal SET TABLESPACE small");
            using var leading = StorePromisesTests.Lead(store);
            await File.WriteAllBytesAsync(Path.Combine(small, "ballast"), new byte[(4 << 20) - (256 << 10)]);
            var (number, last) = (0, Task.CompletedTask);
            while (last.IsCompletedSuccessfully)
            {
                last = leading.Journal.Append([.. Enumerable.Range(number + 1, 200).Select(StorePromisesTests.Record)]);
                number += 200;
                await Task.WhenAny(last, Task.Delay(TimeSpan.FromSeconds(3)));
            }

            await RunningCloud.UntilAsync("the trouble", () => leading.Journal.Trouble is not null);
            Assert.Contains("disk is full", leading.Journal.Trouble, StringComparison.Ordinal);
            File.Delete(Path.Combine(small, "ballast"));
            await last;
            Assert.Equal(number, store.Verify().Records);
        }
        finally
        {
            server.Sql("postgres", $"DROP DATABASE {store.Address.Database} WITH (FORCE)");
            server.Sql("postgres", "DROP TABLESPACE IF EXISTS small");
            await RanAsync("umount", small);
        }
    }

    private static async Task<bool> RanAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }

    [PostgresFact]
    public async Task Another_journal_put_under_a_running_cloud_stops_its_writing()
    {
        var store = server.NewStore();
        using var leading = StorePromisesTests.Lead(store);
        await leading.Journal.Append([StorePromisesTests.Record(1), StorePromisesTests.Record(2)]);
        server.Sql(store.Address.Database, "ALTER TABLE amalgam.journal DISABLE TRIGGER ALL; DELETE FROM amalgam.journal WHERE sequence = 2");
        server.Sql("postgres", $"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{store.Address.Database}' AND application_name = 'amalgam journal'");
        Assert.Contains("ends at record 1", (await Assert.ThrowsAsync<JournalException>(() => leading.Journal.Append([StorePromisesTests.Record(3)]))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<JournalException>(() => leading.Journal.Append([StorePromisesTests.Record(4)]));
        Assert.Equal(1, store.Verify().Records);
    }

    [PostgresFact]
    public async Task What_keeps_up_from_starting_on_a_database_is_one_line_that_says_what_to_do()
    {
        await using var cloud = RunningCloud.NotStarted();
        Task<CommandRun> Up(string store) => cloud.AmalgamAsync("up", "--data", cloud.Data, "--listen", "127.0.0.1:0", "--store", store);
        server.Sql("postgres", "DROP ROLE IF EXISTS secured; CREATE ROLE secured LOGIN PASSWORD 'right'");
        (await Up("postgres://me:secret@localhost/x")).RefusedWith("PGPASSWORD", 2);
        Assert.DoesNotContain("secret", (await Up("postgres://me:secret@localhost/x")).Error, StringComparison.Ordinal);
        (await Up("postgres://me@localhost/x?colour=blue")).RefusedWith("colour", 2);
        (await Up("mysql://me@localhost/x")).RefusedWith("postgres://", 2);
        (await Up("postgres://me@127.0.0.1:1/x")).RefusedWith("cannot be reached");
        (await Up(server.Address("nowhere"))).RefusedWith("createdb nowhere");
        (await Up(server.Address("postgres", "secured"))).RefusedWith("PGPASSWORD");
        cloud.Variables["PGPASSWORD"] = "wrong";
        (await Up(server.Address("postgres", "secured"))).RefusedWith("was not accepted");
        cloud.Variables["PGPASSWORD"] = "right";
        (await Up(server.Address("postgres", "secured"))).RefusedWith("store prepare");
        Assert.False(File.Exists(Path.Combine(cloud.Data, "store")));
    }
}
