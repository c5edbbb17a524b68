using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Amalgam.Contracts;
using Amalgam.Pages.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.Pages.Models;

/// <summary>Served names, a new one with its quote, and one of them to talk to.</summary>
internal static class ModelPages
{
    /// <summary>A small model that may say anything says too much that is wrong.</summary>
    private const double Careful = 0.2;

    public static void Map(RouteGroupBuilder pages)
    {
        pages.MapGet("/models", ListAsync);
        pages.MapGet("/models/serve", (Visit visit, string? model) => NewAsync(visit, new ServeDraft { Model = model ?? "" }, quoteNow: model is not null));
        pages.MapPost("/models/serve", ServeAsync);
        pages.MapGet("/models/{id}", ModelAsync);
        pages.MapPost("/models/{id}/chat", ChatAsync);
        pages.MapPost("/models/{id}/stop", StopAsync);
    }

    private static Task<IResult> ListAsync(Visit visit) => visit.ShowAsync(async () =>
    {
        await visit.ChipsAsync();
        var all = await visit.Api.GetAsync<IReadOnlyList<WorkloadView>>("/api/v1/workloads?limit=5000");
        var bill = await visit.Api.GetAsync<BillView>($"/api/v1/bill?from={DateTime.UtcNow:yyyy-MM-01}");
        var tokens = (bill.Value?.Lines ?? []).Where(line => line.Meter.EndsWith("tokens", StringComparison.Ordinal)).GroupBy(line => line.WorkloadId, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Sum(line => line.Quantity), StringComparer.Ordinal);
        return Sight.Of<ModelListView>(visit.T("Models"), ("Models", (all.Value ?? []).Where(workload => workload.Kind == "service").ToList()), ("Tokens", tokens), ("Problem", all.Problem));
    });

    private static async Task<IResult> NewAsync(Visit visit, ServeDraft draft, QuoteView? quote = null, string? problem = null, bool quoteNow = false)
    {
        var (chips, units) = (await visit.ChipsAsync(), await visit.Api.GetAsync<IReadOnlyList<UnitView>>("/api/v1/units"));
        if (quoteNow)
        {
            var asked = await visit.Api.PostAsync<ServeRequest, QuoteView>("/api/v1/quote/service", new ServeRequest { Model = draft.Model });
            (quote, problem) = (asked.Value, asked.Problem);
        }

        var sight = Sight.Of<ServeView>(visit.T("Serve a model"), ("Draft", draft), ("Chips", chips), ("Units", units.Value ?? []), ("Quote", quote), ("Problem", problem));
        return await visit.ShowAsync(sight with { Status = problem is null ? 200 : 400 });
    }

    private static async Task<IResult> ServeAsync(Visit visit)
    {
        var form = await visit.FormAsync();
        var draft = ServeDraft.Of(form);
        var request = draft.Request(form, visit.Look);
        if (form.Problems.Count > 0)
        {
            return await NewAsync(visit, draft, null, string.Join("; ", form.Problems));
        }

        if (form.Text("do") == "quote")
        {
            var quote = await visit.Api.PostAsync<ServeRequest, QuoteView>("/api/v1/quote/service", request);
            return await NewAsync(visit, draft, quote.Value, quote.Problem);
        }

        var made = await visit.Api.PostAsync<ServeRequest, WorkloadView>("/api/v1/services", request);
        return made.Ok ? visit.Go($"/models/{made.Value!.Id}", visit.Look.T("{0} is being started. You can ask already: the first answer waits for it.", made.Value.Name)) : await NewAsync(visit, draft, null, made.Problem);
    }

    private static async Task<IResult> ModelAsync(Visit visit, string id)
    {
        var first = await visit.Api.GetAsync<WorkloadView>(Api(id));
        if (!first.Ok || first.Value!.Kind != "service")
        {
            return await visit.RefusedAsync(first.Problem ?? visit.T("That is a job: look under Jobs."), first.Ok ? 404 : first.Status);
        }

        var address = $"{visit.Http.Request.Scheme}://{visit.Http.Request.Host}";
        return await visit.ShowAsync(async () =>
        {
            await visit.ChipsAsync();
            var model = (await visit.Api.GetAsync<WorkloadView>(Api(id))).Value ?? first.Value;
            var why = await visit.Api.GetAsync<ExplainView>(Api(id, "/explain"));
            return Sight.Of<ModelPageView>(model.Name, ("Model", model), ("Why", why.Value), ("Address", address));
        });
    }

    /// <summary>The playground's question, put to /v1/chat/completions with the key of whoever asks; the answer is passed on as it is written.</summary>
    private static async Task ChatAsync(Visit visit, string id)
    {
        var model = await visit.Api.GetAsync<WorkloadView>(Api(id));
        var messages = await MessagesAsync(visit);
        if (!model.Ok || messages is null)
        {
            visit.Http.Response.StatusCode = model.Ok ? 400 : model.Status;
            await visit.Http.Response.WriteAsync(model.Problem ?? visit.T("Nothing was asked."), visit.Left);
            return;
        }

        var body = new JsonObject { ["model"] = model.Value!.Name, ["messages"] = messages, ["stream"] = true, ["temperature"] = Careful, ["stream_options"] = new JsonObject { ["include_usage"] = true } };
        using var answer = await visit.Api.OpenAsync(HttpMethod.Post, "/v1/chat/completions", new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"));
        await RelayResult.CopyAsync(visit, answer);
    }

    private static async Task<JsonNode?> MessagesAsync(Visit visit)
    {
        try
        {
            var sent = await JsonNode.ParseAsync(visit.Http.Request.Body, cancellationToken: visit.Left);
            return (sent as JsonObject)?["messages"] is JsonArray { Count: > 0 } messages ? messages.DeepClone() : null;
        }
        catch (Exception fault) when (fault is JsonException or BadHttpRequestException)
        {
            return null;
        }
    }

    private static async Task<IResult> StopAsync(Visit visit, string id)
    {
        var stopped = await visit.Api.PostAsync<WorkloadView>(Api(id, "/stop"));
        return stopped.Ok ? visit.Go("/models", visit.Look.T("{0} was told to stop.", stopped.Value!.Name)) : await visit.RefusedAsync(stopped.Problem!, stopped.Status);
    }

    private static string Api(string id, string more = "") => $"/api/v1/workloads/{Uri.EscapeDataString(id)}{more}";
}
