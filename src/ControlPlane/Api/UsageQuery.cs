using System.Globalization;
using Amalgam.ControlPlane.Commands;
using Amalgam.Core;
using Amalgam.Core.Ledger.Usage;
using Microsoft.AspNetCore.Http;

namespace Amalgam.ControlPlane.Api;

/// <summary>The parameters that usage and costs share, as OpenAI's reference names them; lists as `x=a&amp;x=b`, `x[]=a` or `x=a,b`.</summary>
internal sealed record UsageQuery(long StartMs, long EndMs, UsageWidth Width, int Limit, IReadOnlyList<string> GroupBy)
{
    /// <summary>How many buckets a page has: as asked, else the usual number, never above the most (per width).</summary>
    private static readonly Dictionary<string, (UsageWidth Width, int Usual, int Most)> Widths = new(StringComparer.Ordinal)
    {
        ["1m"] = (UsageWidth.Minute, 60, 1440), ["1h"] = (UsageWidth.Hour, 24, 168), ["1d"] = (UsageWidth.Day, 7, 31),
    };

    /// <param name="groups">What may be grouped by.</param>
    /// <param name="daily">Costs: days only, up to 180 on a page.</param>
    public static Outcome<UsageQuery> Read(IQueryCollection query, long nowMs, IReadOnlyList<string> groups, bool daily)
    {
        if (Seconds(query["start_time"]) is not { } start)
        {
            return new Refusal("start_time", "start_time is required: Unix seconds, the begin of the range (inclusive)");
        }

        var width = query["bucket_width"].FirstOrDefault() ?? "1d";
        if (!Widths.TryGetValue(width, out var known) || (daily && width != "1d"))
        {
            return new Refusal("bucket_width", $"bucket_width is {(daily ? "1d" : "1m, 1h or 1d")}, not '{Names.Clip(width)}'");
        }

        var most = daily ? 180 : known.Most;
        var limit = known.Usual;
        if (query.ContainsKey("limit") && (!int.TryParse(query["limit"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit < 1 || limit > most))
        {
            return new Refusal("limit", $"limit is a number of buckets from 1 to {most} for buckets of {width}");
        }

        var groupBy = List(query, "group_by");
        if (groupBy.FirstOrDefault(group => !groups.Contains(group)) is { } strange)
        {
            return new Refusal("group_by", $"there is no grouping by '{Names.Clip(strange)}' here: {string.Join(", ", groups)}");
        }

        var endMs = query.ContainsKey("end_time") ? Seconds(query["end_time"]) : (nowMs / 1000) + 1;
        if (endMs is not { } end || end <= start)
        {
            return new Refusal("end_time", "end_time is Unix seconds after start_time (exclusive)");
        }

        var from = Page(query["page"].FirstOrDefault(), start);
        var widthMs = UsageBook.WidthMs(known.Width);
        return from is { } first ? new UsageQuery(first * 1000 / widthMs * widthMs, end * 1000, known.Width, limit, groupBy) : new Refusal("page", "page is the next_page of the answer before");
    }

    /// <summary>Begins of the buckets of this page, and the token of the next one.</summary>
    public (IReadOnlyList<long> Starts, string? NextPage) Buckets()
    {
        var widthMs = UsageBook.WidthMs(Width);
        var starts = new List<long>();
        var at = StartMs;
        for (; at < EndMs && starts.Count < Limit; at += widthMs)
        {
            starts.Add(at);
        }

        return (starts, at < EndMs ? $"page_{(at / 1000).ToString(CultureInfo.InvariantCulture)}" : null);
    }

    public static IReadOnlyList<string> List(IQueryCollection query, string name) =>
        [.. query[name].Concat(query[$"{name}[]"]).SelectMany(value => (value ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];

    private static long? Page(string? page, long start) =>
        page is null ? start
        : page.StartsWith("page_", StringComparison.Ordinal) && long.TryParse(page.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at >= start && at <= 253_402_300_799 ? at
        : null;

    private static long? Seconds(Microsoft.Extensions.Primitives.StringValues text) =>
        long.TryParse(text.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= 253_402_300_799 ? seconds : null;
}
