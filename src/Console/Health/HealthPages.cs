using Amalgam.Contracts;
using Amalgam.Pages.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.Pages.Health;

/// <summary>Who did what, and how the cloud itself does.</summary>
internal static class HealthPages
{
    public static void Map(RouteGroupBuilder pages) => pages.MapGet("/audit", ShowAsync);

    private static Task<IResult> ShowAsync(Visit visit, bool loops = false) => visit.ShowAsync(async () =>
    {
        var (status, audit) = (visit.Api.GetAsync<StatusView>("/api/v1/status"), visit.Api.GetAsync<IReadOnlyList<AuditLine>>($"/api/v1/audit?limit=100&loops={(loops ? "true" : "false")}"));
        return Sight.Of<HealthView>(visit.T("Audit and health"), ("Status", (await status).Value), ("Audit", (await audit).Value), ("Problem", (await audit).Problem), ("Loops", loops));
    });
}
