using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`unit tree|add|set|move|remove`, `key create|list|revoke`.</summary>
internal static class OrganisationVerbs
{
    private static readonly Argument<string> UnitName = new("unit") { Description = "name, unique in the organisation" };
    private static readonly Option<string?> Under = Verbs.Text("--under", "parent unit");
    private static readonly Option<int?> Weight = Verbs.Number("--weight", "claim on what nobody is guaranteed, relative to its siblings");
    private static readonly Option<string[]> Guarantee = new("--guarantee") { Description = "CLASS=DEVICES, more than once if needed; `CLASS=none` removes it" };
    private static readonly Option<string[]> Limit = new("--limit") { Description = "CLASS=DEVICES, a hard ceiling; `CLASS=none` removes it" };
    private static readonly Option<string?> MinRuntime = Verbs.Text("--min-runtime", "a lease is safe from reclaim this long");
    private static readonly Option<string?> MaxWait = Verbs.Text("--max-wait", "after this wait devices are gathered");
    private static readonly Option<string[]> Fact = new("--fact") { Description = "NAME=VALUE (segment, region, customer-since, or a name of your own); `NAME=none` removes it" };
    private static readonly Option<bool> AsJson = Verbs.Json();

    public static Command Unit() => Verbs.Group(
        "unit", "the organisation",
        Verbs.Remote("tree", "units with guarantee, target and what they hold", TreeAsync, AsJson),
        Verbs.Remote("add", "add a unit", (parsed, client, _) => ChangeAsync(parsed, client, HttpMethod.Post, "/api/v1/units", Request(parsed) with { Name = parsed.GetValue(UnitName), Parent = parsed.GetValue(Under) }), UnitName, Under, Weight, Guarantee, Limit, MinRuntime, MaxWait, Fact, AsJson),
        Verbs.Remote("set", "change weight, guarantee, limit or shields", (parsed, client, _) => ChangeAsync(parsed, client, HttpMethod.Patch, $"/api/v1/units/{Verbs.Escape(parsed.GetValue(UnitName)!)}", Request(parsed)), UnitName, Weight, Guarantee, Limit, MinRuntime, MaxWait, Fact, AsJson),
        MoveVerbs.Move(), MoveVerbs.Moves(),
        Verbs.Remote("remove", "remove an empty unit", async (parsed, client, _) =>
        {
            await client.SendAsync(HttpMethod.Delete, $"/api/v1/units/{Verbs.Escape(parsed.GetValue(UnitName)!)}");
            Console.WriteLine($"{parsed.GetValue(UnitName)} is removed");
            return 0;
        }, UnitName));

    public static Command Key()
    {
        var unit = Verbs.Text("--unit", "what the key sees and steers: this unit and all below it");
        var role = new Option<string>("--role") { Description = "owner, operator, developer or auditor", DefaultValueFactory = _ => "developer" };
        var name = Verbs.Text("--name", "to tell keys apart");
        var expires = Verbs.Text("--expires", "30d, 12h; else never");
        var id = new Argument<string>("key") { Description = "id, such as k3" };
        return Verbs.Group(
            "key", "keys of units",
            Verbs.Remote("create", "make a key; it is shown this once", async (parsed, client, _) =>
            {
                var request = new KeyRequest { Unit = parsed.GetValue(unit), Role = parsed.GetValue(role)!, Name = parsed.GetValue(name), ExpiresInDays = Verbs.Seconds("--expires", parsed.GetValue(expires)) / 86400 };
                var made = await client.SendAsync(HttpMethod.Post, "/api/v1/keys", request, ContractsJson.Default.KeyRequest, ContractsJson.Default.KeyCreatedView);
                if (parsed.GetValue(AsJson))
                {
                    Verbs.Print(made, ContractsJson.Default.KeyCreatedView);
                    return 0;
                }

                Console.WriteLine(made.Secret);
                await Console.Error.WriteLineAsync($"{made.Key.Id}: {made.Key.Role} of {made.Key.Unit}; the line above is the key, shown this once");
                return 0;
            }, unit, role, name, expires, AsJson),
            Verbs.Remote("list", "keys, never their secrets", ListKeysAsync, AsJson),
            Verbs.Remote("revoke", "revoke a key", async (parsed, client, _) =>
            {
                await client.SendAsync(HttpMethod.Post, $"/api/v1/keys/{Verbs.Escape(parsed.GetValue(id)!)}/revoke");
                Console.WriteLine($"{parsed.GetValue(id)} is revoked");
                return 0;
            }, id));
    }

    private static async Task<int> TreeAsync(ParseResult parsed, ApiClient client, CancellationToken cancel)
    {
        var units = await client.GetAsync("/api/v1/units", ContractsJson.Default.IReadOnlyListUnitView);
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(units, ContractsJson.Default.IReadOnlyListUnitView);
            return 0;
        }

        var table = new Table("UNIT", "WEIGHT", "GUARANTEE", "LIMIT", "TARGET", "HELD", "WAITING");
        foreach (var unit in units)
        {
            table.Add(
                new string(' ', unit.Depth * 2) + unit.Name, unit.Weight.ToString(CultureInfo.InvariantCulture), Amounts(unit.Guarantee), Amounts(unit.Limit), Amounts(unit.Target), Amounts(unit.Held),
                unit.WaitingWorkloads == 0 ? "" : unit.WaitingWorkloads.ToString(CultureInfo.InvariantCulture));
        }

        table.Print(Console.Out, "no units");
        return 0;
    }

    private static async Task<int> ChangeAsync(ParseResult parsed, ApiClient client, HttpMethod method, string path, UnitRequest request)
    {
        var unit = await client.SendAsync(method, path, request, ContractsJson.Default.UnitRequest, ContractsJson.Default.UnitView);
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(unit, ContractsJson.Default.UnitView);
            return 0;
        }

        Console.WriteLine($"{unit.Path}: weight {unit.Weight}, guarantee {Or(Amounts(unit.Guarantee))}, limit {Or(Amounts(unit.Limit))}{string.Concat(unit.Facts.Select(fact => $", {fact.Key} {fact.Value}"))}");
        return 0;
    }

    private static async Task<int> ListKeysAsync(ParseResult parsed, ApiClient client, CancellationToken cancel)
    {
        var keys = await client.GetAsync("/api/v1/keys", ContractsJson.Default.IReadOnlyListKeyView);
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(keys, ContractsJson.Default.IReadOnlyListKeyView);
            return 0;
        }

        var table = new Table("ID", "NAME", "UNIT", "ROLE", "BEGINS WITH", "AGE", "STATE");
        foreach (var key in keys)
        {
            var state = key.RevokedAt is not null ? "revoked" : key.ExpiresAt is { } end ? (end < DateTimeOffset.UtcNow ? "expired" : $"until {end:u}") : "valid";
            table.Add(key.Id, key.Name, key.Unit, key.Role, key.Prefix, Verbs.Ago(key.CreatedAt), state);
        }

        table.Print(Console.Out, "no keys");
        return 0;
    }

    private static UnitRequest Request(ParseResult parsed) => new()
    {
        Weight = parsed.GetValue(Weight),
        Guarantee = Amounts("--guarantee", parsed.GetValue(Guarantee)),
        Limit = Amounts("--limit", parsed.GetValue(Limit)),
        MinRuntimeSeconds = Verbs.Seconds("--min-runtime", parsed.GetValue(MinRuntime)),
        MaxWaitSeconds = Verbs.Seconds("--max-wait", parsed.GetValue(MaxWait)),
        Facts = Facts(parsed.GetValue(Fact)),
    };

    private static Dictionary<string, string?>? Facts(string[]? texts)
    {
        var facts = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var text in texts ?? [])
        {
            var at = text.IndexOf('=', StringComparison.Ordinal);
            facts[at > 0 ? text[..at] : throw new CommandException($"--fact wants NAME=VALUE, not '{text}'", 2)] = text[(at + 1)..] is "none" ? null : text[(at + 1)..];
        }

        return facts.Count == 0 ? null : facts;
    }

    /// <summary>`h100=8`, `h100=8,l40s=2`, `h100=none`.</summary>
    private static Dictionary<string, decimal?>? Amounts(string option, string[]? texts)
    {
        if (texts is null or { Length: 0 })
        {
            return null;
        }

        var amounts = new Dictionary<string, decimal?>(StringComparer.Ordinal);
        foreach (var text in texts.SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            var at = text.LastIndexOf('=');
            var number = 0m;
            if (at < 1 || (text[(at + 1)..] != "none" && !decimal.TryParse(text[(at + 1)..], NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number)))
            {
                throw new CommandException($"{option} wants CLASS=DEVICES or CLASS=none, not '{text}'", 2);
            }

            amounts[text[..at]] = text[(at + 1)..] == "none" ? null : number;
        }

        return amounts;
    }

    private static string Amounts(IReadOnlyDictionary<string, decimal> amounts) =>
        string.Join(' ', amounts.OrderBy(amount => amount.Key, StringComparer.Ordinal).Select(amount => $"{amount.Key}={amount.Value.ToString("0.###", CultureInfo.InvariantCulture)}"));

    private static string Or(string text) => text.Length == 0 ? "none" : text;
}
