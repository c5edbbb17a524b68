using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Pages.Frame;

namespace Amalgam.Pages.Jobs;

/// <summary>The form of a new job as it was typed, so that nothing typed is lost by a mistake in it.</summary>
public sealed record JobDraft
{
    public string Command { get; init; } = "";

    public string Name { get; init; } = "";

    public string Unit { get; init; } = "";

    public string Devices { get; init; } = "1";

    public string Members { get; init; } = "1";

    public string Priority { get; init; } = "0";

    public string Minutes { get; init; } = "";

    public bool Preemptible { get; init; } = true;

    public IReadOnlyList<string> Chips { get; init; } = [];

    public static JobDraft Of(Form form, Look look) => new()
    {
        Command = form.Text("command") ?? "",
        Name = form.Text("name") ?? "",
        Unit = form.Text("unit") ?? "",
        Devices = form.Text("devices") ?? "1",
        Members = form.Text("members") ?? "1",
        Priority = form.Text("priority") ?? "0",
        Minutes = form.Text("minutes") ?? "",
        Preemptible = form.Has("preemptible"),
        Chips = form.All("chips"),
    };

    /// <summary>What cannot be read is told in the form's problems.</summary>
    public RunRequest Request(Form form, Look look)
    {
        var words = Work.Words(Command);
        if (words is null)
        {
            form.Problems.Add(look.T("Command: a quote is not closed"));
        }
        else if (words.Count == 0)
        {
            form.Problems.Add(look.T("Command: say what to run"));
        }

        return new RunRequest
        {
            Command = words ?? [],
            Name = Name.Length == 0 ? null : Name,
            Unit = Unit.Length == 0 ? null : Unit,
            Devices = form.Number("devices", look.T("Devices for each member")) ?? 1,
            Members = form.Whole("members", look.T("Members"), 1),
            Priority = form.Whole("priority", look.T("Priority"), 0),
            TimeLimitSeconds = form.Number("minutes", look.T("Time limit in minutes")) is { } minutes ? (double)(minutes * 60) : null,
            Preemptible = Preemptible,
            Chips = Chips.Count == 0 ? null : Chips,
        };
    }

    public bool Wants(string chipClass) => Chips.Contains(chipClass, StringComparer.Ordinal);
}
