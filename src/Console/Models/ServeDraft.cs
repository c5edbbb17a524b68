using Amalgam.Contracts;
using Amalgam.Pages.Frame;

namespace Amalgam.Pages.Models;

/// <summary>The form of a model to serve, as it was typed.</summary>
public sealed record ServeDraft
{
    public string Model { get; init; } = "";

    public string Name { get; init; } = "";

    public string Unit { get; init; } = "";

    public string OpenTo { get; init; } = "";

    public string Least { get; init; } = "1";

    public string Most { get; init; } = "1";

    public string Context { get; init; } = "";

    public IReadOnlyList<string> Chips { get; init; } = [];

    public static ServeDraft Of(Form form) => new()
    {
        Model = form.Text("model") ?? "",
        Name = form.Text("name") ?? "",
        Unit = form.Text("unit") ?? "",
        OpenTo = form.Text("open") ?? "",
        Least = form.Text("least") ?? "1",
        Most = form.Text("most") ?? "1",
        Context = form.Text("context") ?? "",
        Chips = form.All("chips"),
    };

    public ServeRequest Request(Form form, Look look)
    {
        if (Model.Length == 0)
        {
            form.Problems.Add(look.T("Model: say which, for instance demo"));
        }

        return new ServeRequest
        {
            Model = Model,
            Name = Name.Length == 0 ? null : Name,
            Unit = Unit.Length == 0 ? null : Unit,
            OpenTo = OpenTo.Length == 0 ? null : OpenTo,
            MinReplicas = form.Whole("least", look.T("Replicas at least"), 1),
            MaxReplicas = form.Whole("most", look.T("Replicas at most"), 1),
            Context = form.Has("context") ? form.Whole("context", look.T("Context in tokens"), 0) : null,
            Chips = Chips.Count == 0 ? null : Chips,
        };
    }
}
