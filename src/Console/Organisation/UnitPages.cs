using Amalgam.Contracts;
using Amalgam.Pages.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.Pages.Organisation;

/// <summary>The organisation as a tree with what each unit is owed, aimed at and holds; one unit with its settings, its place and its keys.</summary>
internal static class UnitPages
{
    public static void Map(RouteGroupBuilder pages)
    {
        pages.MapGet("/units", TreeAsync);
        pages.MapGet("/units/{name}", (Visit visit, string name) => UnitAsync(visit, name));
        pages.MapPost("/units/{name}", SetAsync);
        pages.MapPost("/units/{name}/add", AddAsync);
        pages.MapPost("/units/{name}/move", MoveAsync);
        pages.MapPost("/units/{name}/remove", RemoveAsync);
        pages.MapPost("/units/{name}/keys", CreateKeyAsync);
        pages.MapPost("/units/{name}/keys/{id}/revoke", RevokeKeyAsync);
    }

    private static Task<IResult> TreeAsync(Visit visit) => visit.ShowAsync(async () =>
    {
        var units = await visit.Api.GetAsync<IReadOnlyList<UnitView>>("/api/v1/units");
        var chips = await visit.ChipsAsync();
        return Sight.Of<UnitTreeView>(visit.T("Organisation"), ("Units", units.Value ?? []), ("Chips", chips), ("Problem", units.Problem));
    });

    private static async Task<IResult> UnitAsync(Visit visit, string name, string? problem = null, MoveView? move = null, KeyCreatedView? made = null, string? under = null)
    {
        var units = (await visit.Api.GetAsync<IReadOnlyList<UnitView>>("/api/v1/units")).Value ?? [];
        if (units.FirstOrDefault(unit => unit.Name == name) is not { } unit)
        {
            return await visit.RefusedAsync(problem ?? visit.Look.T("There is no unit '{0}' that your key sees: choose one under Organisation.", name.Length > 60 ? name[..60] : name), 404);
        }

        var keys = (await visit.Api.GetAsync<IReadOnlyList<KeyView>>("/api/v1/keys")).Value ?? [];
        var sight = Sight.Of<UnitPageView>(
            name, ("Unit", unit), ("Units", units), ("Chips", await visit.ChipsAsync()), ("Keys", keys.Where(key => key.Unit == name).ToList()),
            ("Problem", problem), ("Move", move), ("Under", under), ("Made", made));
        return await visit.ShowAsync(sight with { Status = problem is null ? 200 : 400 });
    }

    private static async Task<IResult> SetAsync(Visit visit, string name)
    {
        var form = await visit.FormAsync();
        var request = new UnitRequest
        {
            Weight = form.Has("weight") ? form.Whole("weight", visit.T("Weight"), 1) : null,
            Guarantee = await AmountsAsync(visit, form, "guarantee", visit.T("Guarantee")),
            Limit = await AmountsAsync(visit, form, "limit", visit.T("Limit")),
        };
        if (form.Problems.Count > 0)
        {
            return await UnitAsync(visit, name, string.Join("; ", form.Problems));
        }

        var done = await visit.Api.PatchAsync<UnitRequest, UnitView>(Api(name), request);
        return done.Ok ? visit.Go(Page(name), visit.Look.T("{0} was changed.", name)) : await UnitAsync(visit, name, done.Problem);
    }

    /// <summary>An empty field takes the amount away.</summary>
    private static async Task<Dictionary<string, decimal?>> AmountsAsync(Visit visit, Form form, string what, string label)
    {
        var amounts = new Dictionary<string, decimal?>(StringComparer.Ordinal);
        foreach (var chip in await visit.ChipsAsync())
        {
            amounts[chip.ChipClass] = form.Number($"{what}.{chip.ChipClass}", $"{label} {chip.ChipClass}");
        }

        return amounts;
    }

    private static async Task<IResult> AddAsync(Visit visit, string name)
    {
        var form = await visit.FormAsync();
        var made = await visit.Api.PostAsync<UnitRequest, UnitView>("/api/v1/units", new UnitRequest { Name = form.Text("name") ?? "", Parent = name });
        return made.Ok ? visit.Go(Page(made.Value!.Name), visit.Look.T("{0} was added under {1}.", made.Value.Name, name)) : await UnitAsync(visit, name, made.Problem);
    }

    /// <summary>First what it would change, then the change.</summary>
    private static async Task<IResult> MoveAsync(Visit visit, string name)
    {
        var form = await visit.FormAsync();
        var under = form.Text("under") ?? "";
        if (form.Text("do") == "preview")
        {
            var preview = await visit.Api.GetAsync<MoveView>($"{Api(name)}/move?under={Uri.EscapeDataString(under)}");
            return await UnitAsync(visit, name, preview.Problem, preview.Value, under: under);
        }

        var done = await visit.Api.PostAsync<MoveRequest, MoveView>($"{Api(name)}/move", new MoveRequest { Parent = under });
        return done.Ok ? visit.Go(Page(name), visit.Look.T("{0} is now {1}.", name, done.Value!.ToPath)) : await UnitAsync(visit, name, done.Problem, under: under);
    }

    private static async Task<IResult> RemoveAsync(Visit visit, string name)
    {
        var done = await visit.Api.DoAsync(HttpMethod.Delete, Api(name));
        return done.Ok ? visit.Go("/units", visit.Look.T("{0} was removed.", name)) : await UnitAsync(visit, name, done.Problem);
    }

    /// <summary>The secret is shown in this very answer and nowhere else: no redirect, nothing kept.</summary>
    private static async Task<IResult> CreateKeyAsync(Visit visit, string name)
    {
        var form = await visit.FormAsync();
        var request = new KeyRequest { Unit = name, Role = form.Text("role") ?? "developer", Name = form.Text("name"), ExpiresInDays = form.Number("days", visit.T("Days")) is { } days ? (double)days : null };
        if (form.Problems.Count > 0)
        {
            return await UnitAsync(visit, name, string.Join("; ", form.Problems));
        }

        var made = await visit.Api.PostAsync<KeyRequest, KeyCreatedView>("/api/v1/keys", request);
        return await UnitAsync(visit, name, made.Problem, made: made.Value);
    }

    private static async Task<IResult> RevokeKeyAsync(Visit visit, string name, string id)
    {
        var done = await visit.Api.DoAsync(HttpMethod.Post, $"/api/v1/keys/{Uri.EscapeDataString(id)}/revoke");
        return done.Ok ? visit.Go(Page(name), visit.Look.T("The key {0} opens nothing any more.", id)) : await UnitAsync(visit, name, done.Problem);
    }

    private static string Api(string name) => $"/api/v1/units/{Uri.EscapeDataString(name)}";

    private static string Page(string name) => $"/units/{Uri.EscapeDataString(name)}";
}
