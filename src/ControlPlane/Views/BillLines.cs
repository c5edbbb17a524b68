using System.Security.Cryptography;
using System.Text;
using Amalgam.ControlPlane.Ports;
using Amalgam.Contracts;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;

namespace Amalgam.ControlPlane.Views;

/// <summary>A line of the bill, opened: which records it is the sum of.</summary>
public static class BillLines
{
    private const long DayMs = 86_400_000;

    /// <summary>Twelve hexadecimal digits of what makes the line: unit, workload, item, class, meter, price version, contract and rule. Never of its day or its amount, which grows.</summary>
    public static string Id(BillKey key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\n', key.Unit, key.WorkloadId, key.Item, key.ChipClass, key.Meter, key.PriceVersion, key.ContractId, key.Rule)))[..6]);

    /// <summary>Device-hours, or tokens.</summary>
    public static decimal Quantity(Meter meter, long quantity) => meter.IsTokens() ? quantity : quantity / 3_600_000_000m;

    /// <summary>Streams the charges; keeps the latest ones.</summary>
    public static (List<BillLineRecord> Latest, long Count, Int128 AmountNano) Records(IPastRecords past, string id, long fromMs, long toMs, long throughSequence, int limit)
    {
        var latest = new Queue<BillLineRecord>();
        var (count, sum, one) = (0L, (Int128)0, new BillBook());
        foreach (var record in past.Charges(fromMs, throughSequence))
        {
            // The same book that makes the bill says which lines the record is part of.
            one.Clear();
            one.Add(record);
            foreach (var (key, amount) in one.Lines.Where(line => Id(line.Key) == id && line.Key.Day * DayMs >= fromMs && line.Key.Day * DayMs < toMs))
            {
                (count, sum) = (count + 1, sum + amount.AmountNano);
                latest.Enqueue(Of(record, key, amount));
                if (latest.Count > limit)
                {
                    latest.Dequeue();
                }
            }
        }

        return ([.. latest.Reverse()], count, sum);
    }

    private static BillLineRecord Of(JournalRecord record, BillKey key, BillAmount amount)
    {
        var tokens = record.Event as TokensCharged;
        return new BillLineRecord(
            record.Sequence, WorkloadViews.Time(record.AtMs), tokens?.LeaseId ?? (record.Event as LeaseCharged)?.Slice.LeaseId, tokens?.RequestId, tokens?.ChargeId, tokens?.KeyId,
            WorkloadViews.Time(amount.FirstMs), WorkloadViews.Time(amount.LastMs), Quantity(key.Meter, amount.Quantity), Nano.Format(amount.AmountNano));
    }
}
