using System.Diagnostics;
using System.Globalization;
using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.State;
using Amalgam.Core.Journal;
using Amalgam.Storage.Postgres;
using Npgsql;
using NpgsqlTypes;
using CloudLedger = Amalgam.ControlPlane.State.Cloud;

namespace Amalgam.Benchmarks.Ledger;

/// <summary>
/// `benchmarks ledger --store postgres://…/EMPTY_DATABASE [--records N]`: durable charges per second with 1, 16 and 256 writers through the real state, encoder, chain and fence, against the
/// same server taking rows of the same size by COPY in one transaction, and by INSERT of as many rows at a time as there are writers; then the recovery of N records.
/// </summary>
internal static class PostgresLedgerBenchmark
{
    private const int Rounds = 3;
    private static readonly Actor Me = Actor.Loop("benchmark");
    private static int _schemas;

    public static async Task<int> RunAsync(string text, long records)
    {
        var address = PostgresAddress.Parse(text);
        Console.WriteLine($"durable charges per second ({Rounds} rounds each, median), PostgreSQL at {address}");
        foreach (var writers in (int[])[1, 16, 256])
        {
            var count = writers == 1 ? 300 : writers * 100;
            var (charges, copies, groups) = (new List<double>(), new List<double>(), new List<double>());
            for (var round = -1; round < Rounds; round++)
            {
                var (rate, bytes) = await ChargesAsync(Fresh(address), writers, count);
                var (copied, grouped) = (Copy(address, Math.Max(count, 20_000), bytes), Insert(address, count, writers, bytes));
                if (round >= 0)
                {
                    charges.Add(rate);
                    copies.Add(copied);
                    groups.Add(grouped);
                }
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {writers,3} writers  charges {Median(charges),9:0}  COPY in one transaction {Median(copies),9:0}, INSERT of {writers} rows each {Median(groups),9:0}"
                + $"  ratio {Median(charges.Zip(copies, (a, b) => a / b)):0.00} of COPY, {Median(charges.Zip(groups, (a, b) => a / b)):0.00} of INSERT"));
        }

        await RecoverAsync(Fresh(address), records);
        return 0;
    }

    private static PostgresAddress Fresh(PostgresAddress address) => address with { Schema = $"bench_{Environment.ProcessId}_{++_schemas}" };

    private static async Task<(double Rate, int BodyBytes)> ChargesAsync(PostgresAddress address, int writers, int count)
    {
        using var open = Lead(address);
        var cloud = new CloudLedger(open.Journal, TimeProvider.System);
        open.Journal.Lead(open.Lead.Epoch);
        await cloud.ChangeAsync(Me, (state, nowMs) => FoundCloud.Decide(state, ChangeKeys.NewSecret(), "USD", "benchmark", nowMs));
        var bytes = cloud.Read(state => JournalJson.Write(new JournalRecord(1, state.LastAtMs, Actor.Loop("gateway"), LedgerBenchmark.Charge(state, $"chg_{Guid.CreateVersion7():N}", state.LastAtMs)))).Length;
        var begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            for (var number = 0; number < count / writers; number++)
            {
                var id = $"chg_{Guid.CreateVersion7():N}";
                await cloud.ChangeAsync(Me, (state, nowMs) => Decide.Yes(true, LedgerBenchmark.Charge(state, id, nowMs)));
            }
        })));
        return (count / Stopwatch.GetElapsedTime(begun).TotalSeconds, bytes);
    }

    private static async Task RecoverAsync(PostgresAddress address, long records)
    {
        using (var open = Lead(address))
        {
            var cloud = new CloudLedger(open.Journal, TimeProvider.System);
            open.Journal.Lead(open.Lead.Epoch);
            await cloud.ChangeAsync(Me, (state, nowMs) => FoundCloud.Decide(state, ChangeKeys.NewSecret(), "USD", "benchmark", nowMs));
            var last = Task.CompletedTask;
            for (var number = 0L; number < records / 2; number++)
            {
                var id = $"chg_{Guid.CreateVersion7():N}";
                _ = cloud.ChangeAsync(Me, (_, nowMs) => Decide.Yes(true, LedgerBenchmark.Start(id, nowMs)));
                last = cloud.ChangeAsync(Me, (state, nowMs) => Decide.Yes(true, LedgerBenchmark.Charge(state, id, nowMs)));
                if (number % 4096 == 0)
                {
                    await last;
                }
            }

            await last;
        }

        using var connection = Connect(address);
        var rows = Stopwatch.GetTimestamp();
        using (var select = new NpgsqlCommand($"SELECT sequence, hash, body FROM {address.Schema}.journal ORDER BY sequence", connection) { CommandTimeout = 0 })
        using (var all = select.ExecuteReader())
        {
            while (all.Read())
            {
                _ = ((byte[])all[1]).Length + ((byte[])all[2]).Length;
            }
        }

        var plain = Stopwatch.GetElapsedTime(rows).TotalSeconds;
        using var again = new PostgresJournal(address);
        var begun = Stopwatch.GetTimestamp();
        var recovered = new CloudLedger(again, TimeProvider.System);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"recovery of {recovered.Read(state => state.LastSequence)} records: {seconds:0.00} s; the rows alone are read in {plain:0.00} s, ratio {seconds / plain:0.0}"));
    }

    private static double Copy(PostgresAddress address, int count, int bytes)
    {
        using var connection = Connect(address);
        var (table, hash, body) = Table(connection, bytes);
        var begun = Stopwatch.GetTimestamp();
        using (var copy = connection.BeginBinaryImport($"COPY {table} FROM STDIN (FORMAT BINARY)"))
        {
            for (var at = 1L; at <= count; at++)
            {
                copy.StartRow();
                copy.Write(at, NpgsqlDbType.Bigint);
                copy.Write(1L, NpgsqlDbType.Bigint);
                copy.Write(hash, NpgsqlDbType.Bytea);
                copy.Write(body, NpgsqlDbType.Bytea);
            }

            copy.Complete();
        }

        return count / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static double Insert(PostgresAddress address, int count, int together, int bytes)
    {
        using var connection = Connect(address);
        var (table, hash, body) = Table(connection, bytes);
        using var insert = new NpgsqlCommand($"INSERT INTO {table} SELECT r.sequence, 1, r.hash, r.body FROM unnest($1, $2, $3) AS r (sequence, hash, body)", connection);
        var begun = Stopwatch.GetTimestamp();
        for (var at = 0L; at < count; at += together)
        {
            insert.Parameters.Clear();
            insert.Parameters.Add(new NpgsqlParameter { Value = Enumerable.Range(0, together).Select(number => at + number).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
            insert.Parameters.Add(new NpgsqlParameter { Value = Enumerable.Repeat(hash, together).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
            insert.Parameters.Add(new NpgsqlParameter { Value = Enumerable.Repeat(body, together).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
            insert.ExecuteNonQuery();
        }

        return count / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static (string Table, byte[] Hash, byte[] Body) Table(NpgsqlConnection connection, int bytes)
    {
        var table = $"rows_{Environment.ProcessId}_{++_schemas}";
        using var make = new NpgsqlCommand($"CREATE TABLE {table} (sequence bigint PRIMARY KEY, epoch bigint NOT NULL, hash bytea NOT NULL, body bytea NOT NULL)", connection);
        make.ExecuteNonQuery();
        var body = new byte[bytes];
        Random.Shared.NextBytes(body);
        return (table, new byte[32], body);
    }

    private static NpgsqlConnection Connect(PostgresAddress address)
    {
        var connection = new NpgsqlConnection($"Host={address.Host};Port={address.Port};Username={address.User};Database={address.Database};Pooling=False");
        connection.Open();
        return connection;
    }

    private static Open Lead(PostgresAddress address)
    {
        new PostgresStore(address).Prepare(null);
        var lead = new PostgresLeadership(address, "a benchmark");
        SpinWait.SpinUntil(() => lead.TryLead(null), TimeSpan.FromSeconds(10));
        return new Open(lead, new PostgresJournal(address));
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);

    private sealed record Open(PostgresLeadership Lead, PostgresJournal Journal) : IDisposable
    {
        public void Dispose()
        {
            Journal.Dispose();
            Lead.Dispose();
        }
    }
}
