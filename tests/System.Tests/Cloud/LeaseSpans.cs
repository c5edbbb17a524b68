using System.Text.Json;
using Xunit;

namespace Amalgam.SystemTests.Cloud;

/// <summary>Who held which device from when to when.</summary>
public sealed record LeaseSpan(string Lease, string Node, int Device, decimal Share, DateTimeOffset From, DateTimeOffset To);

public static class LeaseSpans
{
    public static List<LeaseSpan> Of(IEnumerable<JsonElement> workloads) => [.. workloads
        .SelectMany(workload => workload.GetProperty("leases").EnumerateArray())
        .SelectMany(lease => lease.GetProperty("devices").EnumerateArray().Select(device => new LeaseSpan(
            lease.GetProperty("id").GetString()!, lease.GetProperty("node").GetString()!, device.GetInt32(),
            lease.GetProperty("devicesHeld").GetDecimal() / lease.GetProperty("devices").GetArrayLength(),
            lease.GetProperty("from").GetDateTimeOffset(), To(lease))))];

    /// <summary>At no instant is more than one whole device leased of one device.</summary>
    public static void NeverOverlap(IEnumerable<LeaseSpan> spans)
    {
        foreach (var device in spans.GroupBy(span => (span.Node, span.Device)))
        {
            var held = 0m;
            // Half-open: one lease may begin in the millisecond in which another ends.
            foreach (var (at, change) in device.SelectMany(span => new[] { (At: span.From, Change: span.Share), (At: span.To, Change: -span.Share) }).OrderBy(step => step.At).ThenBy(step => step.Change))
            {
                held += change;
                Assert.True(held <= 1, $"device {device.Key} is leased {held} times at {at:O}: {string.Join("; ", device.Where(span => span.From <= at && span.To >= at))}");
            }
        }
    }

    private static DateTimeOffset To(JsonElement lease) =>
        lease.TryGetProperty("to", out var to) && to.ValueKind == JsonValueKind.String ? to.GetDateTimeOffset() : DateTimeOffset.MaxValue;
}
