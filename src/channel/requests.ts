import { NotificationType, RequestType, RequestType0 } from 'vscode-jsonrpc/node';
import type { Interpolation } from '../shared/comparison';
import {
  ANALYZE,
  COMPARE,
  DOCTOR,
  INIT,
  INSPECT,
  INTERPOLATE,
  PARTIAL,
  PING,
  PROGRESS,
  REPORT,
  TENSOR_STATISTICS,
  TENSOR_STATISTICS_DONE,
  TENSORS,
  type AnalyzeParams,
  type AnalyzeResult,
  type CompareParams,
  type CompareResult,
  type DoctorReport,
  type InitParams,
  type InitResult,
  type InspectParams,
  type InterpolateParams,
  type Inspection,
  type PartialDocument,
  type Pong,
  type Progress,
  type ReportParams,
  type ReportResult,
  type TensorListing,
  type TensorsParams,
  type TensorStatisticsDone,
  type TensorStatisticsParams,
} from '../shared/engineProtocol';

/** The engine's protocol, typed for vscode-jsonrpc: both ends take it from here. */
export const inspectRequest = new RequestType<InspectParams, Inspection, void>(INSPECT);
export const initRequest = new RequestType<InitParams, InitResult, void>(INIT);
export const tensorsRequest = new RequestType<TensorsParams, TensorListing, void>(TENSORS);
export const tensorStatisticsRequest = new RequestType<TensorStatisticsParams, null, void>(
  TENSOR_STATISTICS,
);
export const pingRequest = new RequestType0<Pong, void>(PING);
export const analyzeRequest = new RequestType<AnalyzeParams, AnalyzeResult, void>(ANALYZE);
export const compareRequest = new RequestType<CompareParams, CompareResult, void>(COMPARE);
export const reportRequest = new RequestType<ReportParams, ReportResult, void>(REPORT);
export const interpolateRequest = new RequestType<InterpolateParams, Interpolation, void>(
  INTERPOLATE,
);
export const doctorRequest = new RequestType<null, DoctorReport, void>(DOCTOR);
export const progressNotification = new NotificationType<Progress>(PROGRESS);
export const partialNotification = new NotificationType<PartialDocument>(PARTIAL);
export const tensorStatisticsNotification = new NotificationType<TensorStatisticsDone>(
  TENSOR_STATISTICS_DONE,
);
