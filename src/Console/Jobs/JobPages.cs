using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Pages.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.Pages.Jobs;

/// <summary>Queue and history, one job with its log and its reasons, a new one with its quote.</summary>
internal static class JobPages
{
    private const int Shown = 200;

    public static void Map(RouteGroupBuilder pages)
    {
        pages.MapGet("/jobs", ListAsync);
        pages.MapGet("/jobs/new", (Visit visit) => NewAsync(visit, new JobDraft(), null, null));
        pages.MapPost("/jobs/new", SubmitAsync);
        pages.MapGet("/jobs/{id}", (Visit visit, string id) => JobAsync(visit, id));
        pages.MapGet("/jobs/{id}/log", LogAsync);
        pages.MapPost("/jobs/{id}/stop", StopAsync);
        pages.MapPost("/remedy", RemedyAsync);
    }

    private static Task<IResult> ListAsync(Visit visit, string? show)
    {
        var ended = show == "ended";
        return visit.ShowAsync(async () =>
        {
            var all = await visit.Api.GetAsync<IReadOnlyList<WorkloadView>>($"/api/v1/workloads?limit={(ended ? Shown * 5 : 5000)}{(ended ? "&all=true" : "")}");
            var jobs = (all.Value ?? []).Where(workload => workload.Kind == "job" && workload.Phase == "ended" == ended).ToList();
            var shown = ended ? jobs.OrderByDescending(job => job.EndedAt).Take(Shown) : jobs.OrderBy(job => job.Phase == "waiting" ? 0 : 1).ThenBy(job => job.SubmittedAt).Take(Shown);
            return Sight.Of<JobListView>(visit.T("Jobs"), ("Jobs", shown.ToList()), ("Total", jobs.Count), ("Ended", ended), ("Problem", all.Problem));
        });
    }

    private static async Task<IResult> JobAsync(Visit visit, string id)
    {
        var first = await visit.Api.GetAsync<WorkloadView>(Api(id));
        if (!first.Ok)
        {
            return await visit.RefusedAsync(first.Problem!, first.Status);
        }

        if (first.Value!.Kind == "service")
        {
            return Results.Redirect($"/models/{Uri.EscapeDataString(id)}");
        }

        return await visit.ShowAsync(async () =>
        {
            var job = (await visit.Api.GetAsync<WorkloadView>(Api(id))).Value ?? first.Value;
            var why = await visit.Api.GetAsync<ExplainView>(Api(id, "/explain"));
            return Sight.Of<JobView>(job.Name, ("Job", job), ("Why", why.Value));
        });
    }

    private static async Task<IResult> NewAsync(Visit visit, JobDraft draft, QuoteView? quote, string? problem)
    {
        var (chips, units) = (await visit.ChipsAsync(), await visit.Api.GetAsync<IReadOnlyList<UnitView>>("/api/v1/units"));
        var sight = Sight.Of<NewJobView>(visit.T("New job"), ("Draft", draft), ("Chips", chips), ("Units", units.Value ?? []), ("Quote", quote), ("Problem", problem));
        return await visit.ShowAsync(sight with { Status = problem is null ? 200 : 400 });
    }

    /// <summary>Two buttons: one asks what it would come to, the other means it.</summary>
    private static async Task<IResult> SubmitAsync(Visit visit)
    {
        var form = await visit.FormAsync();
        var draft = JobDraft.Of(form, visit.Look);
        var request = draft.Request(form, visit.Look);
        if (form.Problems.Count > 0)
        {
            return await NewAsync(visit, draft, null, string.Join("; ", form.Problems));
        }

        if (form.Text("do") == "quote")
        {
            var quote = await visit.Api.PostAsync<RunRequest, QuoteView>("/api/v1/quote/job", request);
            return await NewAsync(visit, draft, quote.Value, quote.Problem);
        }

        var made = await visit.Api.PostAsync<RunRequest, WorkloadView>("/api/v1/jobs", request);
        return made.Ok ? visit.Go($"/jobs/{made.Value!.Id}", visit.Look.T("{0} was submitted as {1}.", made.Value.Name, made.Value.Id)) : await NewAsync(visit, draft, null, made.Problem);
    }

    /// <summary>The log as the API gives it, line by line, until the job has ended.</summary>
    private static async Task LogAsync(Visit visit, string id)
    {
        using var answer = await visit.Api.OpenAsync(HttpMethod.Get, Api(id, "/logs?follow=true&tail=2000"));
        await RelayResult.CopyAsync(visit, answer);
    }

    private static async Task<IResult> StopAsync(Visit visit, string id)
    {
        var stopped = await visit.Api.PostAsync<WorkloadView>(Api(id, "/stop"));
        return stopped.Ok ? visit.Go($"/jobs/{Uri.EscapeDataString(id)}", visit.Look.T("{0} was told to stop.", stopped.Value!.Name)) : await visit.RefusedAsync(stopped.Problem!, stopped.Status);
    }

    private static async Task<IResult> RemedyAsync(Visit visit)
    {
        var form = await visit.FormAsync();
        var (unit, chipClass, devices) = (form.Text("unit") ?? "", form.Text("class") ?? "", form.Number("devices", "devices"));
        var change = new UnitRequest { Limit = new Dictionary<string, decimal?> { [chipClass] = devices } };
        var done = devices is null ? new Reply<UnitView>(null, visit.T("The amount is missing."), 400) : await visit.Api.PatchAsync<UnitRequest, UnitView>($"/api/v1/units/{Uri.EscapeDataString(unit)}", change);
        var back = form.Text("back") is { } text && text.StartsWith("/jobs/", StringComparison.Ordinal) ? text : "/";
        return done.Ok
            ? visit.Go(back, visit.Look.T("The limit of {0} is now {1} of {2}.", unit, devices!.Value.ToString(CultureInfo.InvariantCulture), chipClass))
            : await visit.RefusedAsync(done.Problem!, done.Status);
    }

    private static string Api(string id, string more = "") => $"/api/v1/workloads/{Uri.EscapeDataString(id)}{more}";
}
