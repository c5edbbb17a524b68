using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Pages.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.Pages.Prices;

/// <summary>A price change as it was typed.</summary>
public sealed record PriceDraft(string What, string Scope, string By, string From);

/// <summary>The price book: a change from its preview to its application and back; contracts and what is at risk; who is admitted.</summary>
internal static class PricePages
{
    public static void Map(RouteGroupBuilder pages)
    {
        pages.MapGet("/prices", (Visit visit) => PricesAsync(visit, new PriceDraft("", "", "", ""), null, null));
        pages.MapPost("/prices", ChangeAsync);
        pages.MapPost("/prices/{version:int}/undo", UndoAsync);
        pages.MapGet("/contracts", ContractsAsync);
    }

    private static async Task<IResult> PricesAsync(Visit visit, PriceDraft draft, PriceChangePreviewView? preview, string? problem)
    {
        var (prices, units) = (await visit.Api.GetAsync<IReadOnlyList<PriceView>>("/api/v1/prices"), await visit.Api.GetAsync<IReadOnlyList<UnitView>>("/api/v1/units"));
        var sight = Sight.Of<PricesView>(
            visit.T("Prices"), ("Draft", draft), ("Chips", await visit.ChipsAsync()), ("Prices", prices.Value ?? []), ("Units", units.Value ?? []), ("Preview", preview), ("Problem", problem ?? prices.Problem));
        return await visit.ShowAsync(sight with { Status = problem is null ? 200 : 400 });
    }

    /// <summary>First who would pay what, then the change itself.</summary>
    private static async Task<IResult> ChangeAsync(Visit visit)
    {
        var form = await visit.FormAsync();
        var draft = new PriceDraft(form.Text("what") ?? "", form.Text("scope") ?? "", form.Text("by") ?? "", form.Text("from") ?? "");
        var request = new PriceChangeRequest
        {
            ChipClass = draft.What.StartsWith("class:", StringComparison.Ordinal) ? draft.What["class:".Length..] : null,
            Model = draft.What.StartsWith("model:", StringComparison.Ordinal) ? draft.What["model:".Length..] : null,
            Unit = draft.Scope.Length == 0 ? null : draft.Scope,
            By = draft.By.EndsWith('%') || draft.By.Length == 0 ? draft.By : draft.By + "%",
            From = DateTimeOffset.TryParse(draft.From, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var from) ? from : null,
        };
        if (form.Text("do") == "preview")
        {
            var preview = await visit.Api.PostAsync<PriceChangeRequest, PriceChangePreviewView>("/api/v1/price-changes/preview", request);
            return await PricesAsync(visit, draft, preview.Value, preview.Problem);
        }

        var done = await visit.Api.PostAsync<PriceChangeRequest, PriceChangeView>("/api/v1/price-changes", request);
        return done.Ok ? visit.Go("/prices", visit.Look.T("{0}: {1} new versions.", done.Value!.What, done.Value.Versions.Count)) : await PricesAsync(visit, draft, null, done.Problem);
    }

    private static async Task<IResult> UndoAsync(Visit visit, int version)
    {
        var done = await visit.Api.PostAsync<PriceChangeView>($"/api/v1/prices/{version}/undo");
        return done.Ok ? visit.Go("/prices", visit.Look.T("Undone: {0}", done.Value!.What)) : await PricesAsync(visit, new PriceDraft("", "", "", ""), null, done.Problem);
    }

    private static async Task<IResult> ContractsAsync(Visit visit, string? lose, string? unit, [Microsoft.AspNetCore.Mvc.FromQuery(Name = "class")] string? chipClass)
    {
        var chips = await visit.ChipsAsync();
        var units = (await visit.Api.GetAsync<IReadOnlyList<UnitView>>("/api/v1/units")).Value ?? [];
        var risk = lose is { Length: > 0 } ? await visit.Api.GetAsync<RiskView>($"/api/v1/contracts/risk?months=12&lose={Uri.EscapeDataString(lose)}") : default;
        var test = unit is { Length: > 0 } && chipClass is { Length: > 0 }
            ? await visit.Api.GetAsync<PolicyTestView>($"/api/v1/policies/test?unit={Uri.EscapeDataString(unit)}&class={Uri.EscapeDataString(chipClass)}") : default;
        var policies = await visit.Api.GetAsync<IReadOnlyList<PolicyView>>("/api/v1/policies");
        var contracts = await visit.Api.GetAsync<IReadOnlyList<ContractView>>("/api/v1/contracts");
        var problem = risk.Problem ?? test.Problem ?? contracts.Problem;
        return await visit.ShowAsync(Sight.Of<ContractsView>(
            visit.T("Contracts"), ("Contracts", contracts.Value ?? []), ("Policies", policies.Value ?? []), ("Chips", chips), ("Units", units), ("Lose", lose), ("Risk", risk.Value),
            ("Unit", unit), ("ChipClass", chipClass), ("Test", test.Value), ("Problem", problem)) with { Status = problem is null ? 200 : 400 });
    }
}
