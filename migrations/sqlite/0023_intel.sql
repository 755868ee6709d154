-- Detections of a sensor around a moment that belong to other cases are found in the index alone.
DROP INDEX detections_sensor;
CREATE INDEX detections_sensor ON detections (sensor_id, event_ms DESC, case_number);

-- Recorded answers that name no value belong to the behaviour whose triage was recorded with them.
UPDATE intel SET fingerprint = COALESCE((SELECT r.fingerprint FROM runs r WHERE r.case_number = intel.case_number AND r.recorded = TRUE
        AND COALESCE(r.origin_case, 0) = COALESCE(intel.origin_case, 0) ORDER BY r.number LIMIT 1), '')
    WHERE recorded = TRUE AND fingerprint = '';
