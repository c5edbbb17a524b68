using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;

namespace Amalgam.Cli;

/// <summary>`ps`, `stop`, `explain`.</summary>
internal static class WorkloadVerbs
{
    private static readonly Argument<string> Workload = new("workload") { Description = "id or name" };
    private static readonly Option<bool> AsJson = Verbs.Json();

    public static Command Ps()
    {
        var all = new Option<bool>("--all", "-a") { Description = "ended ones too" };
        return Verbs.Remote("ps", "workloads, running and waiting", async (parsed, client, _) =>
        {
            var list = await client.GetAsync($"/api/v1/workloads?all={(parsed.GetValue(all) ? "true" : "false")}&limit=100000", ContractsJson.Default.IReadOnlyListWorkloadView);
            if (parsed.GetValue(AsJson))
            {
                Verbs.Print(list, ContractsJson.Default.IReadOnlyListWorkloadView);
            }
            else
            {
                Print(list);
            }

            return 0;
        }, all, AsJson);
    }

    public static Command Stop() => Verbs.Remote("stop", "stop a workload: drain or signal, grace, end", async (parsed, client, _) =>
    {
        var view = await client.SendAsync(HttpMethod.Post, $"/api/v1/workloads/{Verbs.Escape(parsed.GetValue(Workload)!)}/stop", null, ContractsJson.Default.WorkloadView);
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(view, ContractsJson.Default.WorkloadView);
        }
        else
        {
            Console.WriteLine($"{view.Id} {view.Name} {(view.Phase == "ended" ? "has ended" : "is stopping")}");
        }

        return 0;
    }, Workload, AsJson);

    public static Command Explain() => Verbs.Remote("explain", "the reason in one sentence, and the smallest change that would start it", async (parsed, client, _) =>
    {
        var view = await client.GetAsync($"/api/v1/workloads/{Verbs.Escape(parsed.GetValue(Workload)!)}/explain", ContractsJson.Default.ExplainView);
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(view, ContractsJson.Default.ExplainView);
        }
        else
        {
            var currency = (await client.GetAsync("/api/v1/status", ContractsJson.Default.StatusView)).Currency;
            Print(view, currency);
        }

        return 0;
    }, Workload, AsJson);

    private static void Print(ExplainView view, string currency)
    {
        Console.WriteLine($"{view.Id} {view.Name}: {view.Phase}{(view.Reason is null ? "" : $" ({view.Reason})")}");
        Console.WriteLine($"  {view.Explanation}");
        if (view.SmallestChange is not null)
        {
            Console.WriteLine($"  what would help: {view.SmallestChange}");
        }

        if (view.PlannedStart is { } start)
        {
            Console.WriteLine($"  planned start: {start.ToString("u", CultureInfo.InvariantCulture)}");
        }

        Console.WriteLine();
        QuoteVerb.Chips(view.Chips, currency);
        Console.WriteLine();
        foreach (var line in view.History)
        {
            Console.WriteLine($"  {line.At.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}  {line.What}");
        }
    }

    private static void Print(IReadOnlyList<WorkloadView> list)
    {
        var table = new Table("ID", "NAME", "KIND", "UNIT", "PHASE", "MEMBERS", "CHIPS", "AGE", "WHY");
        foreach (var item in list)
        {
            var chips = string.Join(' ', item.Leases.Where(lease => lease.To is null).GroupBy(lease => lease.ChipClass)
                .Select(group => $"{group.Sum(lease => lease.DevicesHeld).ToString("0.###", CultureInfo.InvariantCulture)}x{group.Key}{(group.First().Simulated ? " (simulated)" : "")}"));
            var phase = item.Result is null ? item.Phase : item.Result;
            table.Add(
                item.Id, item.Name, item.Kind, item.Unit, phase, $"{item.ReadyMembers}/{item.Members}", chips, Verbs.Ago(item.SubmittedAt),
                item.Phase is "running" ? "" : item.Reason is null ? item.Detail : $"{item.Reason}: {item.Detail}");
        }

        table.Print(Console.Out, "nothing runs and nothing waits: `amalgam serve demo` or `amalgam run -- COMMAND`");
    }
}
