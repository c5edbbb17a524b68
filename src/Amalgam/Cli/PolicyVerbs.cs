using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`policy add | list | test | remove`.</summary>
internal static class PolicyVerbs
{
    private static readonly Option<bool> AsJson = Verbs.Json();

    public static Command Policy()
    {
        var file = new Argument<string>("file") { Description = "YAML or JSON, one rule per document; see docs/operating/supply.md" };
        var name = new Argument<string>("rule") { Description = "its name" };
        var unit = new Argument<string>("unit") { Description = "who would use it" };
        var chip = new Argument<string>("class") { Description = "chip class" };
        return Verbs.Group(
            "policy", "who may begin to use which chip class",
            Verbs.Remote("add", "add the rules of a file, all or none", async (parsed, client, _) =>
            {
                var path = parsed.GetValue(file)!;
                var rules = await client.SendAsync(
                    HttpMethod.Post, "/api/v1/policies", new PolicyRequest(Path.GetFileName(path), await ReadAsync(path)), ContractsJson.Default.PolicyRequest, ContractsJson.Default.IReadOnlyListPolicyView);
                return Print(parsed, rules);
            }, file, AsJson),
            Verbs.Remote("list", "the rules in order of adding", async (parsed, client, _) => Print(parsed, await client.GetAsync("/api/v1/policies", ContractsJson.Default.IReadOnlyListPolicyView)), AsJson),
            Verbs.Remote("test", "what the rules say about a unit and a class; exit code 1 when they refuse", async (parsed, client, _) =>
                Print(parsed, await client.GetAsync($"/api/v1/policies/test?unit={Verbs.Escape(parsed.GetValue(unit)!)}&class={Verbs.Escape(parsed.GetValue(chip)!)}", ContractsJson.Default.PolicyTestView)), unit, chip, AsJson),
            Verbs.Remote("remove", "remove a rule", async (parsed, client, _) =>
            {
                await client.SendAsync(HttpMethod.Delete, $"/api/v1/policies/{Verbs.Escape(parsed.GetValue(name)!)}");
                Console.WriteLine($"{parsed.GetValue(name)} is removed");
                return 0;
            }, name));
    }

    private static async Task<string> ReadAsync(string path)
    {
        try
        {
            return await File.ReadAllTextAsync(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"the file {path} cannot be read: {fault.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static int Print(ParseResult parsed, IReadOnlyList<PolicyView> rules)
    {
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(rules, ContractsJson.Default.IReadOnlyListPolicyView);
            return 0;
        }

        var table = new Table("RULE", "STATE", "FROM", "TO", "EFFECT", "WHEN", "INSTEAD", "MESSAGE");
        foreach (var rule in rules)
        {
            table.Add(rule.Name, rule.State, SupplyText.Day(rule.From), rule.To is { } to ? SupplyText.Day(to) : "", rule.Effect, rule.When, rule.Alternative, rule.Message);
        }

        table.Print(Console.Out, "no rules: everybody may use every class");
        return 0;
    }

    private static int Print(ParseResult parsed, PolicyTestView answer)
    {
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(answer, ContractsJson.Default.PolicyTestView);
            return answer.Allowed ? 0 : 1;
        }

        Console.WriteLine($"{(answer.Allowed ? "allowed" : "refused")}: {answer.Explanation}");
        if (answer.Alternative is { } other)
        {
            var speed = answer.AlternativeSpeed is { } known ? $", about {known.ToString("0.##", CultureInfo.InvariantCulture)} of the speed" : "";
            Console.WriteLine($"  instead   {other}{speed}{(answer.AlternativePricePerDeviceHour is { } price ? $", {price} per device-hour (asked for: {answer.PricePerDeviceHour ?? "no price"})" : "")}");
        }

        Console.WriteLine($"  customer  {answer.Customer}");
        Console.WriteLine($"  facts     {string.Join(", ", answer.Facts.OrderBy(fact => fact.Key, StringComparer.Ordinal).Select(fact => $"{fact.Key} {fact.Value}"))}");
        return answer.Allowed ? 0 : 1;
    }
}
