using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Amalgam.ControlPlane.Api;

/// <summary>/api/v1, /openapi, /health. Everything but health needs a key.</summary>
public static class ApiEndpoints
{
    public static void AddControlApi(this IServiceCollection services) => services.AddOpenApi("v1");

    public static void MapControlApi(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1").AddEndpointFilter(KeyNeeded);
        WorkloadEndpoints.Map(api);
        QuoteEndpoints.Map(api);
        LogEndpoints.Map(api);
        OrganisationEndpoints.Map(api);
        MoneyEndpoints.Map(api);
        PriceEndpoints.Map(api);
        InvoiceEndpoints.Map(api);
        FocusEndpoints.Map(api);
        PoolBillEndpoints.Map(api);
        MoveEndpoints.Map(api);
        BudgetEndpoints.Map(api);
        PoolEndpoints.Map(api);
        NodeEndpoints.Map(api);
        SupplyEndpoints.Map(api);
        PolicyEndpoints.Map(api);
        api.MapFallback(context => Answers.Refused(new(Core.RefusalCodes.NotFound, $"there is no {context.Request.Method} {context.Request.Path}: /openapi/v1.json lists what there is")).ExecuteAsync(context))
            .ExcludeFromDescription();
        routes.MapUsage();
        routes.MapOpenApi("/openapi/{documentName}.json").AddEndpointFilter(KeyNeeded);
        routes.MapGet("/health/live", () => Results.Text("live\n")).ExcludeFromDescription();
        routes.MapGet("/health/ready", (Cloud cloud) => cloud.Trouble is not { } trouble ? Results.Text("ready\n") : Results.Text($"not ready: {(cloud.Defect is null ? trouble : "the journal failed")}\n", statusCode: 503)).ExcludeFromDescription();
    }

    /// <summary>Also used for /metrics.</summary>
    public static async ValueTask<object?> KeyNeeded(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        var header = context.Request.Headers.Authorization.ToString();
        var presented = header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim() : "";
        if (context.RequestServices.GetRequiredService<Callers>().Find(presented) is not { } caller)
        {
            var what = presented.Length == 0 ? "this needs a key: send it as `Authorization: Bearer KEY`" : "the key is unknown, expired or revoked";
            return Answers.Json(new ErrorView(new ErrorBody("unauthorized", what)), ContractsJson.Default.ErrorView, 401);
        }

        context.SetCaller(caller);
        try
        {
            return await next(invocation);
        }
        catch (JournalException failed)
        {
            // The disk is full or broken: said to whoever asked first, too.
            return Answers.Refused(new(Core.RefusalCodes.Unavailable, failed.Message));
        }
    }
}
