using System.Text;
using System.Text.Json;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Journal;
using Microsoft.Data.Sqlite;

namespace Amalgam.Storage;

/// <summary>Reads the journal's file beside its writer (WAL: readers and the writer do not wait for each other).</summary>
public sealed class JournalPast(string path) : IPastRecords
{
    private static readonly byte[][] Charged = [.. new[] { "lease-charged", "tokens-charged", "reserved-idle-charged", "commitment-shortfall-charged" }.Select(kind => Encoding.UTF8.GetBytes($"\"event\":{{\"type\":\"{kind}\""))];

    public IEnumerable<JournalRecord> Charges(long fromMs, long throughSequence)
    {
        using var connection = Open();
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT sequence, body FROM journal WHERE sequence BETWEEN $first AND $last ORDER BY sequence";
        select.Parameters.AddWithValue("$first", First(connection, fromMs, throughSequence));
        select.Parameters.AddWithValue("$last", throughSequence);
        using var rows = select.ExecuteReader();
        while (rows.Read())
        {
            var body = (byte[])rows[1];
            if (IsCharge(body))
            {
                yield return Parse(rows.GetInt64(0), body);
            }
        }
    }

    public JournalRecord? Find(long sequence)
    {
        using var connection = Open();
        return Body(connection, sequence) is { } body ? Parse(sequence, body) : null;
    }

    /// <summary>Records are in order of their time, so their time can be searched for without reading them all.</summary>
    private static long First(SqliteConnection connection, long fromMs, long last)
    {
        var (low, high) = (1L, last + 1);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (Body(connection, middle) is { } body && Parse(middle, body).AtMs < fromMs)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private static byte[]? Body(SqliteConnection connection, long sequence)
    {
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT body FROM journal WHERE sequence = $sequence";
        select.Parameters.AddWithValue("$sequence", sequence);
        return select.ExecuteScalar() as byte[];
    }

    private SqliteConnection Open()
    {
        try
        {
            return JournalFile.Open(path, writable: false);
        }
        catch (SqliteException wrong)
        {
            throw new JournalException(JournalFile.Explain(path, wrong), wrong);
        }
    }

    private static bool IsCharge(ReadOnlySpan<byte> body)
    {
        // The kind of a record stands behind its time and its author: looked at before it is parsed, because most of a journal may be something else.
        var head = body[..Math.Min(body.Length, 512)];
        foreach (var kind in Charged)
        {
            if (head.IndexOf(kind) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private static JournalRecord Parse(long sequence, byte[] body)
    {
        try
        {
            return JournalJson.Read(sequence, body);
        }
        catch (JsonException wrong)
        {
            throw new JournalException($"the journal is damaged at record {sequence}: it cannot be read ({wrong.Message}). Restore a backup with `amalgam restore FILE`", wrong);
        }
    }
}
