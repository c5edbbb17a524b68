using System.Diagnostics;
using System.Globalization;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Pricing;
using Amalgam.Storage;
using Microsoft.Data.Sqlite;

namespace Amalgam.Benchmarks.Rating;

/// <summary>
/// `benchmarks rating [--to RECORDS] [--journal RECORDS]`: rates usage and previews a price change on 10^5, 10^6, … records, beside SQLite's own SUM of quantity times price over as many
/// rows in memory; and a preview from a real journal file, beside SQLite reading the same bodies. Time per record, what stays in memory, growth.
/// </summary>
internal static class RatingBenchmark
{
    public static int Run(string[] args)
    {
        var most = Number(args, "--to", 10_000_000);
        Console.WriteLine($"{"records",10} {"rate, s",9} {"ns each",8} {"preview, s",11} {"ns each",8} {"kept, KiB",10} {"SQLite SUM, s",14} {"rate/SUM",9} {"preview/SUM",12}");
        for (var records = 100_000; records <= most; records *= 10)
        {
            Line(records);
        }

        Journal(Number(args, "--journal", 1_000_000));
        return 0;
    }

    private static void Line(int records)
    {
        var usage = new SyntheticUsage();
        var rated = Time(() => usage.Rate(records));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        ChangePreview? preview = null;
        var previewed = Time(() => preview = usage.Preview(records));
        var kept = (GC.GetTotalMemory(forceFullCollection: true) - before) / 1024;
        var sum = SqliteSum(records);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{records,10} {rated,9:0.000} {rated * 1e9 / records,8:0} {previewed,11:0.000} {previewed * 1e9 / records,8:0} {kept,10} {sum,14:0.000} {rated / sum,9:0.00} {previewed / sum,12:0.00}"));
        GC.KeepAlive(preview);
    }

    /// <summary>The database's own way: rows of quantity and price in a table in memory, joined with 200 prices, summed.</summary>
    private static double SqliteSum(int records)
    {
        using var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        Execute(connection, "CREATE TABLE price (unit INTEGER PRIMARY KEY, nano INTEGER) STRICT");
        Execute(connection, "CREATE TABLE usage (unit INTEGER, quantity INTEGER) STRICT");
        using (var transaction = connection.BeginTransaction())
        {
            Fill(connection, "INSERT INTO price VALUES ($a, $b)", Enumerable.Range(0, SyntheticUsage.Units).Select(unit => ((long)unit, 2_000_000_000L + unit)));
            Fill(connection, "INSERT INTO usage VALUES ($a, $b)", SyntheticUsage.Rows(records));
            transaction.Commit();
        }

        return Time(() => Execute(connection, "SELECT unit, sum(quantity * nano / 1000000) FROM usage JOIN price USING (unit) GROUP BY unit"));
    }

    /// <summary>A preview as the cloud makes it: from the journal's file.</summary>
    private static void Journal(int records)
    {
        var folder = Directory.CreateTempSubdirectory("amalgam-rating-").FullName;
        try
        {
            var path = Path.Combine(folder, "journal.db");
            var usage = new SyntheticUsage();
            usage.Write(path, records);
            var past = new JournalPast(path);
            var preview = usage.NewPreview();
            var whole = Time(() =>
            {
                foreach (var record in past.Charges(0, long.MaxValue))
                {
                    preview.Add(record);
                }
            });
            var bodies = Time(() => ReadBodies(path));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"preview from a journal of {records} charges ({new FileInfo(path).Length >> 20} MiB): {whole:0.00} s, {whole * 1e6 / records:0.00} us each; SQLite reading the same bodies: {bodies:0.00} s; ratio {whole / bodies:0.0}"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void ReadBodies(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT body FROM journal ORDER BY sequence";
        using var rows = select.ExecuteReader();
        while (rows.Read())
        {
            _ = (byte[])rows[0];
        }
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var rows = command.ExecuteReader();
        while (rows.Read())
        {
            _ = rows.GetValue(0);
        }
    }

    private static void Fill(SqliteConnection connection, string sql, IEnumerable<(long First, long Second)> rows)
    {
        using var insert = connection.CreateCommand();
        insert.CommandText = sql;
        var (first, second) = (insert.Parameters.Add("$a", SqliteType.Integer), insert.Parameters.Add("$b", SqliteType.Integer));
        foreach (var row in rows)
        {
            (first.Value, second.Value) = (row.First, row.Second);
            insert.ExecuteNonQuery();
        }
    }

    private static double Time(Action act)
    {
        var begun = Stopwatch.GetTimestamp();
        act();
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static int Number(string[] args, string name, int otherwise) =>
        Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
}
