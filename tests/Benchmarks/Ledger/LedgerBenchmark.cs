using System.Diagnostics;
using System.Globalization;
using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.State;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Budgets;
using Amalgam.Storage;
using Microsoft.Data.Sqlite;
using CloudLedger = Amalgam.ControlPlane.State.Cloud;

namespace Amalgam.Benchmarks.Ledger;

/// <summary>
/// `benchmarks ledger [--records N] [--folder DIR] [--store postgres://…]`: durable charges per second with 1, 16 and 256 writers, through the real state, encoder and hash chain, against the
/// same SQLite inserting rows of the same size at the same durability, in alternation; then the recovery of N records (10^6): time and memory.
/// </summary>
internal static class LedgerBenchmark
{
    private const int Rounds = 5;
    private static readonly Actor Me = Actor.Loop("benchmark");

    /// <summary>Of the record of a charge: what SQLite alone is given to insert.</summary>
    private static int _bodyBytes;

    public static async Task<int> RunAsync(string[] args)
    {
        if (Option(args, "--store") is { } store)
        {
            return await PostgresLedgerBenchmark.RunAsync(store, Option(args, "--records") is { } many ? long.Parse(many, CultureInfo.InvariantCulture) : 1_000_000);
        }

        var records = Option(args, "--records") is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : 1_000_000;
        var parent = Option(args, "--folder") ?? Path.GetTempPath();
        var folder = Directory.CreateDirectory(Path.Combine(parent, $"amalgam-ledger-{Environment.ProcessId}")).FullName;
        try
        {
            Console.WriteLine($"durable charges per second ({Rounds} rounds each, median), synchronous=FULL, in {parent}");
            foreach (var writers in (int[])[1, 16, 256])
            {
                await CompareAsync(folder, writers);
            }

            await RecoverAsync(Path.Combine(folder, "recovery.db"), records);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task CompareAsync(string folder, int writers)
    {
        var count = writers == 1 ? 400 : writers * 160;
        var (charges, requests, bulk, groups) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var round = -1; round < Rounds; round++)
        {
            var one = await ChargesAsync(Path.Combine(folder, $"charges-{writers}-{round}.db"), writers, count, started: false);
            var both = await ChargesAsync(Path.Combine(folder, $"requests-{writers}-{round}.db"), writers, count, started: true);
            var rows = SqliteRows.Insert(Path.Combine(folder, $"bulk-{writers}-{round}.db"), Math.Max(count, 40_000), int.MaxValue, _bodyBytes);
            var grouped = SqliteRows.Insert(Path.Combine(folder, $"groups-{writers}-{round}.db"), count, writers, _bodyBytes);
            if (round >= 0)
            {
                charges.Add(one);
                requests.Add(both);
                bulk.Add(rows);
                groups.Add(grouped);
            }
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {writers,3} writers  charges {Median(charges),9:0}  requests with start and charge {Median(requests),9:0}  sqlite: one transaction {Median(bulk),9:0}, {writers} rows each {Median(groups),9:0}"
            + $"  ratio {Median(charges.Zip(bulk, (a, b) => a / b)):0.00} of one transaction, {Median(charges.Zip(groups, (a, b) => a / b)):0.00} of groups"));
    }

    /// <summary>Each writer waits for its charge to be on disk before it makes the next.</summary>
    private static async Task<double> ChargesAsync(string path, int writers, int count, bool started)
    {
        using var journal = SqliteJournal.Open(path);
        var cloud = new CloudLedger(journal, TimeProvider.System);
        await cloud.ChangeAsync(Me, (state, nowMs) => FoundCloud.Decide(state, ChangeKeys.NewSecret(), "USD", "benchmark", nowMs));
        _bodyBytes = cloud.Read(state => JournalJson.Write(new JournalRecord(1, state.LastAtMs, Actor.Loop("gateway"), Charge(state, $"chg_{Guid.CreateVersion7():N}", state.LastAtMs)))).Length;
        var begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            for (var number = 0; number < count / writers; number++)
            {
                var id = $"chg_{Guid.CreateVersion7():N}";
                if (started)
                {
                    _ = cloud.ChangeAsync(Me, (_, nowMs) => Decide.Yes(true, Start(id, nowMs)));
                }

                await cloud.ChangeAsync(Me, (state, nowMs) => Decide.Yes(true, Charge(state, id, nowMs)));
            }
        })));
        return count / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static async Task RecoverAsync(string path, long records)
    {
        using (var journal = SqliteJournal.Open(path))
        {
            var cloud = new CloudLedger(journal, TimeProvider.System);
            await cloud.ChangeAsync(Me, (state, nowMs) => FoundCloud.Decide(state, ChangeKeys.NewSecret(), "USD", "benchmark", nowMs));
            var last = Task.CompletedTask;
            for (var number = 0L; number < records / 2; number++)
            {
                var id = $"chg_{Guid.CreateVersion7():N}";
                _ = cloud.ChangeAsync(Me, (_, nowMs) => Decide.Yes(true, Start(id, nowMs)));
                last = cloud.ChangeAsync(Me, (state, nowMs) => Decide.Yes(true, Charge(state, id, nowMs)));
                if (number % 4096 == 0)
                {
                    await last;
                }
            }

            await last;
        }

        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        var before = GC.GetTotalMemory(true);
        var rows = Stopwatch.GetTimestamp();
        var plain = SqliteRows.ReadAll(path);
        var plainSeconds = Stopwatch.GetElapsedTime(rows).TotalSeconds;
        using var again = SqliteJournal.Open(path);
        var begun = Stopwatch.GetTimestamp();
        var recovered = new CloudLedger(again, TimeProvider.System);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var memory = GC.GetTotalMemory(true) - before;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"recovery of {recovered.Read(state => state.LastSequence)} records ({new FileInfo(path).Length >> 20} MiB): {seconds:0.00} s, {memory / 1048576.0:0} MiB more in use afterwards; SQLite alone reads {plain} rows in {plainSeconds:0.00} s, ratio {seconds / plainSeconds:0.0}"));
    }

    internal static RequestStarted Start(string id, long nowMs) =>
        new(id, $"req_{id.AsSpan(4)}", "k12", FoundCloud.RootUnit, "demo", "w12", "/v1/chat/completions", nowMs, 1_234_567, nowMs + RequestRules.LifetimeMs);

    internal static TokensCharged Charge(CloudState state, string id, long nowMs) => TokenPricing.Charge(
        state, new OpenRequest
        {
            ChargeId = id, RequestId = $"req_{id.AsSpan(4)}", KeyId = "k12", Unit = FoundCloud.RootUnit, Model = "demo", WorkloadId = "w12", Endpoint = "/v1/chat/completions", StartedMs = nowMs, ReservedNano = 0,
            ExpiresMs = nowMs,
        }, "l123", "nvidia-h100-80gb", new TokenUse(812, 128, 240, false), "Complete", long.MaxValue);

    private static string? Option(string[] args, string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);
}

/// <summary>SQLite by itself: the same table shape, rows of the size of a charge, nothing else.</summary>
internal static class SqliteRows
{
    /// <summary>Rows per second, in transactions of this many rows.</summary>
    public static double Insert(string path, int count, int together, int bodyBytes)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        Run(connection, "PRAGMA journal_mode = WAL");
        Run(connection, "PRAGMA synchronous = FULL");
        Run(connection, "CREATE TABLE rows (sequence INTEGER PRIMARY KEY, hash BLOB NOT NULL, body BLOB NOT NULL) STRICT");
        var (hash, body) = (new byte[32], new byte[bodyBytes]);
        Random.Shared.NextBytes(body);
        var begun = Stopwatch.GetTimestamp();
        for (var at = 0; at < count;)
        {
            using var transaction = connection.BeginTransaction();
            using var insert = connection.CreateCommand();
            insert.Transaction = transaction;
            insert.CommandText = "INSERT INTO rows VALUES ($sequence, $hash, $body)";
            var sequence = insert.Parameters.Add("$sequence", SqliteType.Integer);
            insert.Parameters.Add("$hash", SqliteType.Blob).Value = hash;
            insert.Parameters.Add("$body", SqliteType.Blob).Value = body;
            for (var end = (int)Math.Min((long)at + together, count); at < end; at++)
            {
                sequence.Value = at + 1;
                insert.ExecuteNonQuery();
            }

            transaction.Commit();
        }

        return count / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    public static long ReadAll(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT sequence, hash, body FROM journal ORDER BY sequence";
        using var rows = select.ExecuteReader();
        var (count, bytes) = (0L, 0L);
        while (rows.Read())
        {
            count++;
            bytes += ((byte[])rows[1]).Length + ((byte[])rows[2]).Length;
        }

        return bytes > 0 ? count : 0;
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
