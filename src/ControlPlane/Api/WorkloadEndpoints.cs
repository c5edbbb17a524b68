using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.ControlPlane.Views;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Cloud;
using Amalgam.Core.Workloads;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.ControlPlane.Api;

/// <summary>Jobs and services: submit, look, stop, explain.</summary>
internal static class WorkloadEndpoints
{
    private const int MaxListed = 100_000;

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/jobs", RunAsync).Accepts<RunRequest>("application/json", "*/*").Produces<WorkloadView>(201).WithSummary("Submit a command as a job");
        api.MapPost("/services", ServeAsync).Accepts<ServeRequest>("application/json", "*/*").Produces<WorkloadView>(201).WithSummary("Serve a model behind a name");
        api.MapGet("/workloads", List).Produces<IReadOnlyList<WorkloadView>>().WithSummary("Workloads of the key's subtree; ?all=true shows ended ones too");
        api.MapGet("/workloads/{id}", Show).Produces<WorkloadView>().WithSummary("One workload by id or name");
        api.MapGet("/workloads/{id}/wait", WaitAsync).Produces<WorkloadView>().WithSummary("Answers when the workload has ended, or after ?timeoutSeconds");
        api.MapPost("/workloads/{id}/stop", StopAsync).Produces<WorkloadView>().WithSummary("Stop a workload");
        api.MapGet("/workloads/{id}/explain", Explain).Produces<ExplainView>().WithSummary("Why it is where it is");
        api.MapGet("/leases", Leases).Produces<IReadOnlyList<LeaseView>>().WithSummary("Open leases of the key's subtree");
    }

    private static async Task<IResult> RunAsync(HttpContext context, Cloud cloud, Pool pool, WorkloadViews views, AdmissionDoor door, Fits fits)
    {
        var body = await context.BodyAsync(ContractsJson.Default.RunRequest);
        if (body.Refusal is { } refusal)
        {
            return Answers.Refused(refusal);
        }

        var known = pool.Classes;
        var made = await door.SubmitAsync(context.Actor(), (state, _) => Ratings.With(RunJob.Decide(state, context.Caller(), body.Value!, known), state, fits, pool));
        return Answer(made, cloud, pool, views, 201);
    }

    private static async Task<IResult> ServeAsync(HttpContext context, Cloud cloud, Pool pool, WorkloadViews views, IModels models, Fits fits, AdmissionDoor door)
    {
        var body = await context.BodyAsync(ContractsJson.Default.ServeRequest);
        if (body.Refusal is { } refusal)
        {
            return Answers.Refused(refusal);
        }

        var model = models.Resolve(body.Value!.Model);
        if (model.Refusal is { } noModel)
        {
            return Answers.Refused(noModel);
        }

        var nodes = pool.Nodes;
        var made = await door.SubmitAsync(context.Actor(), (state, _) => Ratings.With(ServeModel.Decide(state, context.Caller(), body.Value, model.Value!, nodes, fits), state, fits, pool));
        return Answer(made, cloud, pool, views, 201);
    }

    private static IResult List(HttpContext context, Cloud cloud, Pool pool, WorkloadViews views, bool all = false, int limit = 1000)
    {
        IReadOnlyList<WorkloadView> list = cloud.Read(state => (all ? state.Workloads : state.OpenWorkloads)
            .Where(workload => Permission.Sees(state, context.Caller(), workload.Spec.Unit))
            .TakeLast(Math.Clamp(limit, 1, MaxListed))
            .Select(workload => views.Of(state, workload, pool.Pending(workload.Id)))
            .ToList());
        return Answers.Json(list, ContractsJson.Default.IReadOnlyListWorkloadView);
    }

    private static IResult Show(HttpContext context, string id, Cloud cloud, Pool pool, WorkloadViews views) =>
        View(context, id, cloud, pool, views) is { } view ? Answers.Json(view, ContractsJson.Default.WorkloadView) : Answers.Refused(Workloads.NotFound(id));

    private static async Task<IResult> WaitAsync(HttpContext context, string id, Cloud cloud, Pool pool, WorkloadViews views, double timeoutSeconds = 30)
    {
        var until = DateTime.UtcNow.AddSeconds(Math.Clamp(double.IsNaN(timeoutSeconds) ? 30 : timeoutSeconds, 0, 60));
        while (true)
        {
            if (View(context, id, cloud, pool, views) is not { } view)
            {
                return Answers.Refused(Workloads.NotFound(id));
            }

            if (view.Phase == "ended" || DateTime.UtcNow >= until)
            {
                return Answers.Json(view, ContractsJson.Default.WorkloadView);
            }

            await Task.Delay(50, context.RequestAborted);
        }
    }

    private static async Task<IResult> StopAsync(HttpContext context, string id, Cloud cloud, Pool pool, WorkloadViews views)
    {
        var stopped = await cloud.ChangeAsync(context.Actor(), (state, _) => StopWorkload.Decide(state, context.Caller(), id));
        return Answer(stopped, cloud, pool, views, 200);
    }

    private static IResult Explain(HttpContext context, string id, Cloud cloud, Explanations explanations)
    {
        var view = cloud.Read(state => Workloads.Visible(state, context.Caller(), id) is { } workload ? explanations.Explain(state, workload, cloud.NowMs) : null);
        return view is null ? Answers.Refused(Workloads.NotFound(id)) : Answers.Json(view, ContractsJson.Default.ExplainView);
    }

    private static IResult Leases(HttpContext context, Cloud cloud, WorkloadViews views)
    {
        IReadOnlyList<LeaseView> list = cloud.Read(state => state.OpenLeases.Where(lease => Permission.Sees(state, context.Caller(), lease.Unit)).Select(views.Of).ToList());
        return Answers.Json(list, ContractsJson.Default.IReadOnlyListLeaseView);
    }

    private static IResult Answer(Outcome<string> made, Cloud cloud, Pool pool, WorkloadViews views, int status)
    {
        if (made.Refusal is { } refusal)
        {
            return Answers.Refused(refusal);
        }

        return Answers.Json(cloud.Read(state => views.Of(state, state.Workload(made.Value!)!, pool.Pending(made.Value!))), ContractsJson.Default.WorkloadView, status);
    }

    private static WorkloadView? View(HttpContext context, string id, Cloud cloud, Pool pool, WorkloadViews views)
    {
        return cloud.Read(state => Workloads.Visible(state, context.Caller(), id) is { } workload ? views.Of(state, workload, pool.Pending(workload.Id)) : null);
    }
}
