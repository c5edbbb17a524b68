using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.ControlPlane.Views;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Workloads;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.ControlPlane.Api;

/// <summary>What it would be, before it is; model files; measured speeds.</summary>
internal static class QuoteEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/quote/job", QuoteJobAsync).Accepts<RunRequest>("application/json", "*/*").Produces<QuoteView>().WithSummary("Chip, start and price of a job; changes nothing");
        api.MapPost("/quote/service", QuoteServiceAsync).Accepts<ServeRequest>("application/json", "*/*").Produces<QuoteView>().WithSummary("Chip, start and price of a served model; changes nothing");
        api.MapPost("/models/fetch", FetchAsync).Accepts<ModelFetchRequest>("application/json", "*/*").Produces<ModelView>().WithSummary("Fetch a model file, or tell how far the fetch is");
        api.MapPost("/bench", BenchAsync).Accepts<BenchRequest>("application/json", "*/*").Produces<IReadOnlyList<BenchLine>>().WithSummary("Measure a model on every class it can run on");
    }

    private static async Task<IResult> QuoteJobAsync(HttpContext context, Cloud cloud, Pool pool, Explanations explanations)
    {
        var body = await context.BodyAsync(ContractsJson.Default.RunRequest);
        return body.Refusal is { } refusal
            ? Answers.Refused(refusal)
            : Quoted(cloud, explanations, state => RunJob.Spec(state, context.Caller(), body.Value!, pool.Classes));
    }

    private static async Task<IResult> QuoteServiceAsync(HttpContext context, Cloud cloud, Pool pool, IModels models, Explanations explanations)
    {
        var body = await context.BodyAsync(ContractsJson.Default.ServeRequest);
        var model = body.Value is { } request ? models.Resolve(request.Model) : new Outcome<ModelFacts>(null, body.Refusal);
        return model.Refusal is { } refusal
            ? Answers.Refused(refusal)
            : Quoted(cloud, explanations, state => ServeModel.Spec(state, context.Caller(), body.Value!, model.Value!, pool.Nodes));
    }

    private static IResult Quoted(Cloud cloud, Explanations explanations, Func<Core.Cloud.CloudState, Outcome<WorkloadSpec>> spec)
    {
        var quote = cloud.Read<Outcome<QuoteView>>(state =>
        {
            var asked = spec(state);
            return asked.Refusal is { } refusal ? refusal : explanations.Quote(state, asked.Value!, cloud.NowMs);
        });
        return quote.Refusal is { } refused ? Answers.Refused(refused) : Answers.Json(quote.Value!, ContractsJson.Default.QuoteView);
    }

    private static async Task<IResult> FetchAsync(HttpContext context, IModels models)
    {
        var body = await context.BodyAsync(ContractsJson.Default.ModelFetchRequest);
        if (body.Refusal is null && !context.Caller().MayUse)
        {
            return Answers.Refused(new Refusal(RefusalCodes.Forbidden, "an auditor's key only reads"));
        }

        var fetch = body.Value is { } request ? models.Fetch(request.Model) : new Outcome<ModelFetch>(null, body.Refusal);
        return fetch.Value is { } at
            ? Answers.Json(new ModelView(at.Model, WorkloadViews.Kebab(at.State.ToString()), at.Path, at.BytesDone, at.BytesTotal, at.Problem), ContractsJson.Default.ModelView)
            : Answers.Refused(fetch.Refusal!);
    }

    private static async Task<IResult> BenchAsync(HttpContext context, Bench bench)
    {
        var body = await context.BodyAsync(ContractsJson.Default.BenchRequest);
        if (body.Refusal is { } refusal)
        {
            return Answers.Refused(refusal);
        }

        var lines = await bench.RunAsync(context.Caller(), context.Actor(), body.Value!, context.RequestAborted);
        return lines.Refusal is { } refused ? Answers.Refused(refused) : Answers.Json(lines.Value!, ContractsJson.Default.IReadOnlyListBenchLine);
    }
}
