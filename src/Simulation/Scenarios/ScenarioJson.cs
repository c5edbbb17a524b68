using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Amalgam.Core.Allocation;
using Amalgam.Core.Allocation.Laws;

namespace Amalgam.Simulation.Scenarios;

/// <summary>Writes a result as one JSON object on one line.</summary>
internal static class ScenarioJson
{
    public static string Write(ScenarioResult result)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("name", result.Scenario.Name);
            json.WriteBoolean("held", result.Held);
            WriteLaws(json, result);
            WriteExpectations(json, result);
            WriteLog(json, result);
            WriteFinal(json, result);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteLaws(Utf8JsonWriter json, ScenarioResult result)
    {
        json.WriteStartObject("laws");
        foreach (var law in Enum.GetValues<Law>())
        {
            json.WriteStartObject(law.ToString());
            json.WriteBoolean("held", result.Laws.DetailOf(law) is null);
            json.WriteString("detail", result.Laws.DetailOf(law) ?? "");
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteExpectations(Utf8JsonWriter json, ScenarioResult result)
    {
        json.WriteStartArray("expectations");
        foreach (var expectation in result.Expectations)
        {
            json.WriteStartObject();
            json.WriteString("what", expectation.What);
            json.WriteBoolean("held", expectation.Held);
            json.WriteString("detail", expectation.Detail);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteLog(Utf8JsonWriter json, ScenarioResult result)
    {
        json.WriteStartArray("log");
        foreach (var (atMs, decision, workload) in result.Log.Entries)
        {
            json.WriteStartObject();
            WriteSeconds(json, atMs);
            json.WriteStartObject(Verb(decision));
            json.WriteString("workload", workload);
            WriteDecision(json, decision);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Verb(AllocationDecision? decision) => decision switch
    {
        StartDecision => "start",
        EvictDecision => "evict",
        MoveDecision => "move",
        ResizeDecision => "resize",
        _ => "finish",
    };

    private static void WriteDecision(Utf8JsonWriter json, AllocationDecision? decision)
    {
        switch (decision)
        {
            case StartDecision start:
                json.WriteString("chip", start.ChipClass);
                WriteMembers(json, start.Members);
                break;
            case EvictDecision evict:
                json.WriteString("for", evict.BeneficiaryId);
                json.WriteString("reason", evict.Reason.ToString().ToLowerInvariant());
                break;
            case MoveDecision move:
                WriteMembers(json, move.Members);
                break;
            case ResizeDecision resize:
                WriteMembers(json, resize.Members);
                break;
        }
    }

    private static void WriteFinal(Utf8JsonWriter json, ScenarioResult result)
    {
        json.WriteStartObject("final");
        json.WriteStartArray("running");
        foreach (var workload in result.Cloud.Workloads.Where(workload => workload.Running))
        {
            json.WriteStartObject();
            json.WriteString("workload", workload.Id);
            json.WriteString("chip", result.Cloud.ChipOf(workload.Members[0].Placement.Node));
            WriteMembers(json, [.. workload.Members.Select(member => member.Placement)]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WritePending(json, result.Last);
        WriteAmounts(json, "allocated", Holdings.Of(result.Cloud).All.Select(held => (held.Key.Unit, held.Key.Chip, held.Value)));
        WriteAmounts(json, "targets", result.Last.Targets.Select(target => (target.Unit, target.ChipClass, target.Milli)));
        json.WriteStartObject("prices");
        foreach (var price in result.Last.Prices)
        {
            json.WriteNumber(price.ChipClass, price.Millionths / 1_000_000m);
        }

        json.WriteEndObject();
        json.WriteNumber("gap", result.Last.Gap);
        json.WriteEndObject();
    }

    private static void WritePending(Utf8JsonWriter json, AllocationPlan plan)
    {
        json.WriteStartArray("pending");
        foreach (var pending in plan.Pending)
        {
            json.WriteStartObject();
            json.WriteString("workload", pending.WorkloadId);
            json.WriteString("reason", PendingReasons.Code(pending.Reason));
            json.WriteString("detail", pending.Detail);
            json.WriteString("smallestChange", pending.SmallestChange);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteAmounts(Utf8JsonWriter json, string name, IEnumerable<(string Unit, string Chip, long Milli)> amounts)
    {
        json.WriteStartObject(name);
        foreach (var unit in amounts.GroupBy(amount => amount.Unit, StringComparer.Ordinal))
        {
            json.WriteStartObject(unit.Key);
            foreach (var (_, chip, milli) in unit)
            {
                json.WriteNumber(chip, milli / 1000m);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteMembers(Utf8JsonWriter json, ImmutableArray<MemberPlacement> members)
    {
        json.WriteStartArray("members");
        foreach (var member in members)
        {
            json.WriteStartObject();
            json.WriteString("node", member.Node);
            json.WriteStartArray("devices");
            foreach (var device in member.Devices)
            {
                json.WriteNumberValue(device);
            }

            json.WriteEndArray();
            json.WriteNumber("milli", member.MilliPerDevice);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteSeconds(Utf8JsonWriter json, long atMs) => json.WriteNumber("at", atMs / 1000m);
}
