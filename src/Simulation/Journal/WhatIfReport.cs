using System.Globalization;
using System.Text.Json.Nodes;
using Amalgam.Core.Ledger;
using Amalgam.Simulation.Commands;

namespace Amalgam.Simulation.Journal;

/// <summary>A what-if as one table, side by side by unit and chip class, and as one JSON document.</summary>
internal static class WhatIfReport
{
    private static readonly string[] Measures = ["started", "waitMeanSeconds", "wait90Seconds", "evictions", "deviceHours", "guaranteeShortDeviceHours", "cost"];

    public static Report Of(WhatIf whatIf)
    {
        var rows = Rows(whatIf).ToList();
        return new Report(
            Json(whatIf, rows), Title(whatIf), ["unit", "class", .. Measures.SelectMany(measure => (string[])[$"{measure} recorded", $"{measure} changed"])],
            [.. rows.Select(row => (string[])[row.Unit, row.Chip, .. row.Now.Zip(row.Then).SelectMany(pair => (string[])[pair.First, pair.Second])])],
            [Line("recorded rules", whatIf.Demand, whatIf.Now), Line("changed rules", whatIf.Demand, whatIf.Then)], "hours since the beginning", "workloads that wait");
    }

    /// <summary>For people: `before -> after` where it differs, one figure where it does not.</summary>
    public static void Write(WhatIf whatIf, TextWriter output)
    {
        var rows = Rows(whatIf).Select(row => (string[])[row.Unit, row.Chip, .. row.Now.Zip(row.Then).Select(pair => pair.First == pair.Second ? Short(pair.First) : $"{Short(pair.First)} -> {Short(pair.Second)}")]).ToList();
        Table(output, Title(whatIf), ["UNIT", "CLASS", "STARTED", "WAIT MEAN S", "WAIT 90% S", "EVICTIONS", "DEVICE-H", "SHORT DEVICE-H", whatIf.Demand.Currency], rows);
        output.WriteLine();
        foreach (var chip in whatIf.Demand.Classes)
        {
            output.WriteLine($"{chip}: {Report.Text(UsePercent(whatIf.Now, chip), 1)} -> {Report.Text(UsePercent(whatIf.Then, chip), 1)} % of the healthy stock in use");
        }

        output.WriteLine();
        foreach (var unit in whatIf.Outcomes)
        {
            output.WriteLine($"{unit.Unit} {unit.Verdict}: {Signed(unit.WorkGainedDeviceHours)} device-hours of work at full speed, mean wait {Signed(-unit.WaitGainedSeconds)} s, "
                + $"jobs done {unit.Now.Completed} -> {unit.Then.Completed}, evictions {unit.Now.Evictions} -> {unit.Then.Evictions}");
        }

        if (whatIf.Demand.Workloads.Count(workload => workload.WorkAssumed) is > 0 and var assumed)
        {
            output.WriteLine($"{assumed} jobs had not ended when the journal did: what they take is what they declared, or the median of their unit");
        }
    }

    private static string Title(WhatIf whatIf)
    {
        var demand = whatIf.Demand;
        var hours = (demand.ToMs - demand.FromMs) / 3.6e6;
        var changes = whatIf.Settings.Count == 0 ? "no change" : string.Join(" ", whatIf.Settings);
        return $"what if {changes}: {demand.Workloads.Length} workloads of {Report.Text(hours)} recorded hours, {whatIf.Replay.Cycles} recorded cycles replayed with {whatIf.Replay.Differences.Length} differences";
    }

    private sealed record Row(string Unit, string Chip, string[] Now, string[] Then);

    private static IEnumerable<Row> Rows(WhatIf whatIf) =>
        whatIf.Now.Classes.Keys.Union(whatIf.Then.Classes.Keys).Order().Select(key =>
            new Row(key.Unit, key.Chip, Cells(whatIf.Now.Of(key.Unit, key.Chip)), Cells(whatIf.Then.Of(key.Unit, key.Chip))));

    private static string[] Cells(ClassTally tally) =>
    [
        tally.WaitsMs.Count.ToString(CultureInfo.InvariantCulture),
        Report.Text(Amount.MeanSeconds(tally.WaitsMs), 1),
        Report.Text(Amount.NinetiethSeconds(tally.WaitsMs), 1),
        tally.Evictions.ToString(CultureInfo.InvariantCulture),
        Report.Text(Amount.DeviceHours(tally.Held), 3),
        Report.Text(Amount.DeviceHours(tally.Short), 3),
        Nano.Format(Amount.Nano(tally.HeldTimesPrice)),
    ];

    private static JsonObject Json(WhatIf whatIf, List<Row> rows) => new()
    {
        ["journal"] = ReplayReport.Json(whatIf.Replay),
        ["changes"] = new JsonArray([.. whatIf.Settings.Select(setting => (JsonNode)setting.ToString())]),
        ["from"] = DateTimeOffset.FromUnixTimeMilliseconds(whatIf.Demand.FromMs),
        ["to"] = DateTimeOffset.FromUnixTimeMilliseconds(whatIf.Demand.ToMs),
        ["currency"] = whatIf.Demand.Currency,
        ["workloads"] = whatIf.Demand.Workloads.Length,
        ["assumedDurations"] = whatIf.Demand.Workloads.Count(workload => workload.WorkAssumed),
        ["classes"] = new JsonArray([.. rows.Select(row => (JsonNode)new JsonObject { ["unit"] = row.Unit, ["class"] = row.Chip, ["recorded"] = Side(row.Now), ["changed"] = Side(row.Then) })]),
        ["usePercent"] = new JsonArray([.. whatIf.Demand.Classes.Select(chip => (JsonNode)new JsonObject
        {
            ["class"] = chip, ["recorded"] = Report.Number(UsePercent(whatIf.Now, chip)), ["changed"] = Report.Number(UsePercent(whatIf.Then, chip)),
        })]),
        ["units"] = new JsonArray([.. whatIf.Outcomes.Select(unit => (JsonNode)new JsonObject
        {
            ["unit"] = unit.Unit,
            ["verdict"] = unit.Verdict,
            ["workGainedDeviceHours"] = Report.Number(unit.WorkGainedDeviceHours, 6),
            ["waitGainedSeconds"] = Report.Number(unit.WaitGainedSeconds),
            ["recorded"] = Side(unit.Now),
            ["changed"] = Side(unit.Then),
        })]),
    };

    private static JsonObject Side(string[] cells) =>
        new(Measures.Zip(cells).Select(pair => KeyValuePair.Create(pair.First, (JsonNode?)(pair.First == "cost" ? pair.Second : JsonNode.Parse(pair.Second)))));

    private static JsonObject Side(UnitTally tally) => new()
    {
        ["completed"] = tally.Completed,
        ["unfinished"] = tally.Unfinished,
        ["evictions"] = tally.Evictions,
        ["moves"] = tally.Moves,
        ["workDeviceHours"] = Report.Number(Amount.DeviceHours(tally.Work), 6),
        ["waitMeanSeconds"] = Report.Number(Amount.MeanSeconds(tally.WaitsMs)),
        ["wait90Seconds"] = Report.Number(Amount.NinetiethSeconds(tally.WaitsMs)),
    };

    private static double UsePercent(Tally tally, string chip)
    {
        var held = tally.Classes.Where(entry => entry.Key.Chip == chip).Select(entry => entry.Value.Held).Aggregate((Int128)0, (sum, milli) => sum + milli);
        return tally.Stock.GetValueOrDefault(chip) is var stock && stock > 0 ? 100 * (double)held / (double)stock : 0;
    }

    private static PlotSeries Line(string name, RecordedDemand demand, Tally tally)
    {
        double Hours(long atMs) => (atMs - demand.FromMs) / 3.6e6;
        var points = new List<(double, double)> { (0, 0) };
        foreach (var (atMs, waiting) in tally.Queue)
        {
            points.Add((Hours(atMs), points[^1].Item2));
            points.Add((Hours(atMs), waiting));
        }

        return new PlotSeries(name, [.. points, (Hours(demand.ToMs), points[^1].Item2)]);
    }

    /// <summary>Money has up to nine decimals in documents; people read four.</summary>
    private static string Short(string figure) =>
        figure.IndexOf('.', StringComparison.Ordinal) is > 0 and var at && figure.Length > at + 5 ? Report.Text(double.Parse(figure, CultureInfo.InvariantCulture), 4) : figure;

    private static string Signed(double value) => value.ToString("+0.###;-0.###;0", CultureInfo.InvariantCulture);

    private static void Table(TextWriter output, string title, string[] header, List<string[]> rows)
    {
        output.WriteLine(title);
        var widths = header.Select((cell, column) => rows.Select(row => row[column].Length).Append(cell.Length).Max()).ToArray();
        foreach (var row in rows.Prepend(header))
        {
            output.WriteLine(string.Join("  ", row.Select((cell, column) => column < 2 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))).TrimEnd());
        }
    }
}
