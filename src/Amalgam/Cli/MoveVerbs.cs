using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`unit move`, `unit moves`.</summary>
internal static class MoveVerbs
{
    private static readonly Option<bool> AsJson = Verbs.Json();

    public static Command Move()
    {
        var unit = new Argument<string>("unit") { Description = "the unit that moves, with all below it" };
        var under = Verbs.Text("--under", "its new parent; under the root it stands outside every group");
        var from = Verbs.Text("--from", "when, 2026-12-01 or 2026-12-01T08:00:00Z (UTC); else now");
        var preview = new Option<bool>("--preview") { Description = "only say what would change" };
        var cancel = new Option<bool>("--cancel") { Description = "take back the move that waits for its date" };
        return Verbs.Remote("move", "a reorganisation: now or at a date; history stays, and the reverse move restores what was", async (parsed, client, _) =>
        {
            var (name, parent) = (parsed.GetValue(unit)!, parsed.GetValue(under));
            if (parent is null != parsed.GetValue(cancel) || (parsed.GetValue(cancel) && parsed.GetValue(preview)))
            {
                throw new CommandException("say where: --under PARENT, or --cancel to take back a move that waits", 2);
            }

            var date = Date(parsed.GetValue(from));
            var path = $"/api/v1/units/{Verbs.Escape(name)}/move";
            var view = parsed.GetValue(preview)
                ? await client.GetAsync($"{path}?under={Verbs.Escape(parent!)}{(date is { } at ? $"&from={Verbs.Escape(at.ToString("O", CultureInfo.InvariantCulture))}" : "")}", ContractsJson.Default.MoveView)
                : await client.SendAsync(HttpMethod.Post, path, new MoveRequest { Parent = parent, From = date, Cancel = parsed.GetValue(cancel) }, ContractsJson.Default.MoveRequest, ContractsJson.Default.MoveView);
            Print(view, parsed.GetValue(AsJson), parsed.GetValue(preview));
            return 0;
        }, unit, under, from, preview, cancel, AsJson);
    }

    public static Command Moves() => Verbs.Remote("moves", "moves that wait for their date", async (parsed, client, _) =>
    {
        var moves = await client.GetAsync("/api/v1/moves", ContractsJson.Default.IReadOnlyListMoveView);
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(moves, ContractsJson.Default.IReadOnlyListMoveView);
            return 0;
        }

        var table = new Table("UNIT", "NOW", "THEN", "AT");
        foreach (var move in moves)
        {
            table.Add(move.Unit, move.FromPath, move.ToPath, move.At?.ToString("u", CultureInfo.InvariantCulture));
        }

        table.Print(Console.Out, "no move waits for its date");
        return 0;
    }, AsJson);

    private static void Print(MoveView view, bool json, bool preview)
    {
        if (json)
        {
            Verbs.Print(view, ContractsJson.Default.MoveView);
            return;
        }

        if (view.State == "cancelled")
        {
            Console.WriteLine($"{view.FromPath} stays where it is");
            return;
        }

        var table = new Table("UNIT", "WHAT", "BEFORE", "AFTER");
        foreach (var effect in view.Effects)
        {
            table.Add(effect.Unit, effect.What, effect.Before, effect.After);
        }

        table.Print(Console.Out, "");
        Console.WriteLine(view.State switch
        {
            "scheduled" => $"\n{view.FromPath} moves to {view.ToPath} at {view.At:u} (`amalgam unit move {view.Unit} --cancel` takes it back)",
            "done" => $"\n{view.FromPath} is {view.ToPath} now",
            _ => $"\n{view.FromPath} would move to {view.ToPath}; what is not named stays, and what was used before stays on the bills of its old place. Nothing was changed{(preview ? "" : " yet")}",
        });
    }

    private static DateTimeOffset? Date(string? text) =>
        text is null ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date) ? date
        : throw new CommandException($"--from wants a date such as 2026-12-01 or 2026-12-01T08:00:00Z, not '{text}'", 2);
}
