using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`price list|set|change|undo|commit`.</summary>
internal static class PriceVerbs
{
    private static readonly Option<bool> AsJson = Verbs.Json();
    private static readonly Option<string?> Segment = Verbs.Text("--segment", "only for units whose fact `segment` is this");
    private static readonly Option<string?> Unit = Verbs.Text("--unit", "only for this unit and all below it");
    private static readonly Option<string?> Contracts = Verbs.Text("--contract-state", "only for units with contracts on the class that are so: none, any, expiring (within 90 days); else all");
    private static readonly Option<string?> Announced = Verbs.Text("--announced", "when customers were told: notices count from here; else now");

    public static Command Price() => Verbs.Group("price", "the price book", List(), Set(), ChangeVerb.Change(), Undo(), Commit(), CommitEnd(), Commitments());

    public static Option<string?>[] Scope => [Segment, Unit, Contracts, Announced];

    public static (string? Segment, string? Unit, string? Contracts, DateTimeOffset? Announced) ScopeOf(ParseResult parsed) =>
        (parsed.GetValue(Segment), parsed.GetValue(Unit), parsed.GetValue(Contracts), Date("--announced", parsed.GetValue(Announced)));

    private static Command List() => Verbs.Remote("list", "all versions of all prices", async (parsed, client, _) =>
    {
        var prices = await client.GetAsync("/api/v1/prices", ContractsJson.Default.IReadOnlyListPriceView);
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(prices, ContractsJson.Default.IReadOnlyListPriceView);
        }
        else
        {
            Print(prices);
        }

        return 0;
    }, AsJson);

    private static Command Set()
    {
        var subject = new Argument<string>("subject") { Description = "chip class or served model; * = all without a price of their own" };
        var amount = new Argument<string?>("amount") { Arity = ArgumentArity.ZeroOrOne, Description = "per device-hour" };
        var input = Verbs.Text("--input", "per million input tokens");
        var cached = Verbs.Text("--cached-input", "per million cached input tokens");
        var output = Verbs.Text("--output", "per million output tokens");
        var onClass = Verbs.Text("--on-class", "only for tokens computed on this chip class");
        var tiers = new Option<string[]>("--tier") { Description = "beyond a monthly quantity: 1000=1.80 device-hours, or 1000=0.10/0.01/0.40 millions of tokens; may be repeated", AllowMultipleArgumentsPerToken = true };
        var from = Verbs.Text("--from", "when it begins, 2026-12-01 or 2026-12-01T08:00:00Z; else now");
        return Verbs.Remote("set", "a new version: amalgam price set h100 2.50, amalgam price set MODEL --input 0.1 --output 0.4", async (parsed, client, _) =>
        {
            var scope = ScopeOf(parsed);
            var request = new PriceRequest
            {
                Subject = parsed.GetValue(subject)!, PerDeviceHour = parsed.GetValue(amount), PerMillionInput = parsed.GetValue(input), PerMillionCachedInput = parsed.GetValue(cached),
                PerMillionOutput = parsed.GetValue(output), From = Date("--from", parsed.GetValue(from)), OnClass = parsed.GetValue(onClass), Unit = scope.Unit, Segment = scope.Segment,
                Contracts = scope.Contracts, Announced = scope.Announced, Tiers = parsed.GetValue(tiers) ?? [],
            };
            Print([await client.SendAsync(HttpMethod.Post, "/api/v1/prices", request, ContractsJson.Default.PriceRequest, ContractsJson.Default.PriceView)]);
            return 0;
        }, [subject, amount, input, cached, output, onClass, tiers, from, .. Scope]);
    }

    private static Command Undo()
    {
        var version = new Argument<int>("version") { Description = "of the price book; what the same price change made is taken back with it" };
        return Verbs.Remote("undo", "restores what was before a version, as a new version", async (parsed, client, _) =>
        {
            var undone = await client.SendAsync(HttpMethod.Post, $"/api/v1/prices/{parsed.GetValue(version).ToString(CultureInfo.InvariantCulture)}/undo", null, ContractsJson.Default.PriceChangeView);
            Print(undone, parsed.GetValue(AsJson));
            return 0;
        }, version, AsJson);
    }

    private static Command Commit()
    {
        var unit = new Argument<string>("unit") { Description = "its whole subtree uses what is bought" };
        var chip = new Option<string>("--class") { Description = "chip class", Required = true };
        var hours = new Option<long>("--device-hours") { Description = "in each calendar month (UTC)", Required = true };
        var price = new Option<string>("--price") { Description = "per device-hour", Required = true };
        var from = new Option<string>("--from") { Description = "first month, 2026-12", Required = true };
        var to = new Option<string>("--to") { Description = "month after the last one", Required = true };
        return Verbs.Remote("commit", "device-hours bought for every month: what is used beyond them costs the price in force, what is not used is owed all the same", async (parsed, client, _) =>
        {
            var request = new CommitmentRequest
            {
                Unit = parsed.GetValue(unit)!, ChipClass = parsed.GetValue(chip)!, DeviceHours = parsed.GetValue(hours), PerDeviceHour = parsed.GetValue(price)!, From = parsed.GetValue(from)!,
                To = parsed.GetValue(to)!,
            };
            Print([await client.SendAsync(HttpMethod.Post, "/api/v1/commitments", request, ContractsJson.Default.CommitmentRequest, ContractsJson.Default.CommitmentView)]);
            return 0;
        }, unit, chip, hours, price, from, to);
    }

    private static Command CommitEnd()
    {
        var id = new Argument<string>("id") { Description = "q1, see `amalgam price commitments`" };
        var from = new Option<string>("--from") { Description = "first month without it, 2027-01: one that has not begun", Required = true };
        var why = new Option<string>("--why") { Description = "for the record", Required = true };
        return Verbs.Remote("commit-end", "ends a commitment before its time; months that have begun stay owed", async (parsed, client, _) =>
        {
            var request = new CommitmentEndRequest { From = parsed.GetValue(from)!, Why = parsed.GetValue(why)! };
            Print([await client.SendAsync(
                HttpMethod.Post, $"/api/v1/commitments/{Verbs.Escape(parsed.GetValue(id)!)}/end", request, ContractsJson.Default.CommitmentEndRequest, ContractsJson.Default.CommitmentView)]);
            return 0;
        }, id, from, why);
    }

    private static Command Commitments() => Verbs.Remote("commitments", "what was bought for every month, and how much of this month's is used", async (parsed, client, _) =>
    {
        var commitments = await client.GetAsync("/api/v1/commitments", ContractsJson.Default.IReadOnlyListCommitmentView);
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(commitments, ContractsJson.Default.IReadOnlyListCommitmentView);
        }
        else
        {
            Print(commitments);
        }

        return 0;
    }, AsJson);

    public static void Print(PriceChangeView change, bool asJson)
    {
        if (asJson)
        {
            Verbs.Print(change, ContractsJson.Default.PriceChangeView);
            return;
        }

        Console.WriteLine($"{change.ChangeId}: {change.What}");
        Print(change.Versions);
        Console.WriteLine($"to take it back: amalgam price undo {change.Versions[0].Version}");
    }

    public static void Print(IReadOnlyList<PriceView> prices)
    {
        var table = new Table("VERSION", "SUBJECT", "FOR", "PER DEVICE-HOUR", "PER 1M INPUT", "CACHED", "OUTPUT", "BEYOND A MONTH'S", "FROM", "STATE", "CHANGE");
        foreach (var price in prices)
        {
            table.Add(
                price.Version.ToString(CultureInfo.InvariantCulture), price.OnClass is null ? price.Subject : $"{price.Subject} on {price.OnClass}", Whom(price), price.PerDeviceHour,
                price.PerMillionInput, price.PerMillionCachedInput, price.PerMillionOutput, string.Join(' ', price.Tiers), price.From.ToString("u", CultureInfo.InvariantCulture), price.State,
                price.Restores is > 0 and var restored ? $"{price.ChangeId}: as version {restored}" : price.ChangeId);
        }

        table.Print(Console.Out, "no prices");
    }

    private static void Print(IReadOnlyList<CommitmentView> commitments)
    {
        var table = new Table("ID", "UNIT", "CLASS", "DEVICE-HOURS A MONTH", "PRICE", "FROM", "TO", "USED THIS MONTH");
        foreach (var commitment in commitments)
        {
            table.Add(
                commitment.Id, commitment.Unit, commitment.ChipClass, commitment.DeviceHours.ToString(CultureInfo.InvariantCulture), commitment.PerDeviceHour, commitment.From, commitment.To,
                commitment.UsedThisMonth.ToString("0.######", CultureInfo.InvariantCulture));
        }

        table.Print(Console.Out, "no commitments");
    }

    private static string Whom(PriceView price)
    {
        var whom = price.Unit ?? (price.Segment is null ? "everybody" : $"segment {price.Segment}");
        return price.Contracts switch { "none" => $"{whom} without contract", "any" => $"{whom} with a contract", "expiring" => $"{whom} with an expiring contract", _ => whom };
    }

    public static DateTimeOffset? Date(string option, string? text) =>
        text is null ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date) ? date
        : throw new CommandException($"{option} wants a date such as 2026-12-01 or 2026-12-01T08:00:00Z, not '{text}'", 2);
}
