using System.Globalization;
using System.Text.Json;
using Amalgam.Contracts;
using Amalgam.Pages.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.Pages.Bills;

/// <summary>What was used by whom, for how much, down to the lease and the request; invoices, budgets, downloads.</summary>
internal static class BillPages
{
    private const string InvoicePolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void Map(RouteGroupBuilder pages)
    {
        pages.MapGet("/bills", (Visit visit, string? unit, string? from, string? to) => BillAsync(visit, unit, from, to, null));
        pages.MapGet("/bills/lines/{id}", LineAsync);
        pages.MapGet("/bills/focus", FocusAsync);
        pages.MapGet("/bills/invoices/{number:int}", InvoiceAsync);
        pages.MapPost("/bills/invoices", IssueAsync);
        pages.MapPost("/bills/budgets", BudgetAsync);
        pages.MapPost("/bills/budgets/{id}/remove", RemoveBudgetAsync);
    }

    private static async Task<IResult> BillAsync(Visit visit, string? unit, string? from, string? to, string? problem)
    {
        from ??= DateTime.UtcNow.ToString("yyyy-MM-01", CultureInfo.InvariantCulture);
        var query = $"?from={Uri.EscapeDataString(from)}{(to is { Length: > 0 } ? $"&to={Uri.EscapeDataString(to)}" : "")}{(unit is { Length: > 0 } ? $"&unit={Uri.EscapeDataString(unit)}" : "")}";
        await visit.ChipsAsync();
        var units = await visit.Api.GetAsync<IReadOnlyList<UnitView>>("/api/v1/units");
        var days = await DaysAsync(visit);
        Sight Make(Reply<BillView> bill, IReadOnlyList<BudgetView> budgets, IReadOnlyList<DocumentView> invoices) => Sight.Of<BillPageView>(
            visit.T("Bills"), ("Bill", bill.Value), ("Problem", problem ?? bill.Problem), ("Units", units.Value ?? []), ("Unit", unit), ("From", from), ("To", to), ("Query", query),
            ("Days", days), ("Budgets", budgets), ("Invoices", invoices)) with { Status = (problem ?? bill.Problem) is null ? 200 : 400 };
        var invoices = (await visit.Api.GetAsync<IReadOnlyList<DocumentView>>("/api/v1/invoices")).Value ?? [];
        return await visit.ShowAsync(async () => Make(
            await visit.Api.GetAsync<BillView>("/api/v1/bill" + query), (await visit.Api.GetAsync<IReadOnlyList<BudgetView>>("/api/v1/budgets")).Value ?? [], invoices));
    }

    /// <summary>What each of the last thirty days cost, from OpenAI's shape of the same books.</summary>
    private static async Task<IReadOnlyList<(DateOnly Day, decimal Amount)>> DaysAsync(Visit visit)
    {
        var start = new DateTimeOffset(DateTime.UtcNow.Date.AddDays(-29), TimeSpan.Zero).ToUnixTimeSeconds();
        using var answer = await visit.Api.OpenAsync(HttpMethod.Get, $"/v1/organization/costs?start_time={start}&limit=31");
        if (!answer.IsSuccessStatusCode)
        {
            return [];
        }

        using var page = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(visit.Left));
        return [.. page.RootElement.GetProperty("data").EnumerateArray().Select(bucket => (
            DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeSeconds(bucket.GetProperty("start_time").GetInt64()).UtcDateTime),
            bucket.GetProperty("results").EnumerateArray().Sum(result => result.GetProperty("amount").GetProperty("value").GetDecimal())))];
    }

    private static async Task<IResult> LineAsync(Visit visit, string id, string? from, string? to)
    {
        var span = $"?limit=200{(from is null ? "" : $"&from={Uri.EscapeDataString(from)}")}{(to is null ? "" : $"&to={Uri.EscapeDataString(to)}")}";
        var line = await visit.Api.GetAsync<BillLineView>($"/api/v1/bill/lines/{Uri.EscapeDataString(id)}{span}");
        return line.Ok ? await visit.ShowAsync(Sight.Of<BillLinePageView>(visit.Look.T("A line of the bill"), ("Line", line.Value))) : await visit.RefusedAsync(line.Problem!, line.Status);
    }

    private static async Task FocusAsync(Visit visit, string? from, string? to)
    {
        var span = new QueryString();
        span = string.IsNullOrEmpty(from) ? span : span.Add("from", from);
        span = string.IsNullOrEmpty(to) ? span : span.Add("to", to);
        using var answer = await visit.Api.OpenAsync(HttpMethod.Get, "/api/v1/bill/focus" + span.ToUriComponent());
        if (answer.IsSuccessStatusCode)
        {
            visit.Http.Response.Headers.ContentDisposition = "attachment; filename=\"focus.csv\"";
        }

        await RelayResult.CopyAsync(visit, answer);
    }

    /// <summary>The document as the API makes it for a printer: its style is its own, and nothing else may run in it.</summary>
    private static async Task InvoiceAsync(Visit visit, int number)
    {
        using var answer = await visit.Api.OpenAsync(HttpMethod.Get, $"/api/v1/invoices/{number}?format=html");
        visit.Http.Response.Headers.ContentSecurityPolicy = InvoicePolicy;
        await RelayResult.CopyAsync(visit, answer);
    }

    private static async Task<IResult> IssueAsync(Visit visit)
    {
        var form = await visit.FormAsync();
        var made = await visit.Api.PostAsync<InvoiceRequest, IReadOnlyList<DocumentView>>("/api/v1/invoices", new InvoiceRequest { Month = form.Text("month") ?? "" });
        return made.Ok ? visit.Go("/bills", visit.Look.T("{0} invoices were issued.", made.Value!.Count)) : await BillAsync(visit, null, null, null, made.Problem);
    }

    private static async Task<IResult> BudgetAsync(Visit visit)
    {
        var form = await visit.FormAsync();
        var request = new BudgetRequest { Unit = form.Text("unit") ?? "", Amount = form.Text("amount")?.Replace(',', '.') ?? "", Per = form.Text("per") ?? "month", Hard = form.Has("hard") };
        var made = await visit.Api.PostAsync<BudgetRequest, BudgetView>("/api/v1/budgets", request);
        return made.Ok ? visit.Go("/bills", visit.Look.T("{0} has a budget of {1} {2} now.", made.Value!.Unit, made.Value.Amount, made.Value.Measure)) : await BillAsync(visit, null, null, null, made.Problem);
    }

    private static async Task<IResult> RemoveBudgetAsync(Visit visit, string id)
    {
        var done = await visit.Api.DoAsync(HttpMethod.Delete, $"/api/v1/budgets/{Uri.EscapeDataString(id)}");
        return done.Ok ? visit.Go("/bills", visit.Look.T("The budget {0} was removed.", id)) : await BillAsync(visit, null, null, null, done.Problem);
    }
}
